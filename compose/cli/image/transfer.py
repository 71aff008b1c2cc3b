"""What ``image pull`` and ``image push`` print: a display on a terminal, else a line for each change, as Docker does."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

from schemas.records import Progress

if TYPE_CHECKING:
    from compose.cli.options import Context

_COUNTING = (
    "Downloading",
    "Pushing",
    "Extracting",
)  # said many times; only a terminal can take it back


class Transcript:
    """A sink for the progress of one image; ``quiet``: nothing but the name at the end."""

    def __init__(self, context: Context, *, quiet: bool) -> None:
        self._context = context
        self._quiet = quiet
        self._live = os.isatty(1) and os.isatty(2) and context.options.progress in ("auto", "tty")
        self._said: list[str] = []  # while the display has the terminal
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        if self._quiet:
            return
        if not progress.id:
            self.say(progress.text)
        elif self._live:
            self._context.reporter(progress)
        elif progress.text not in _COUNTING:
            self.say(f"{progress.id}: {progress.text}")

    def say(self, line: str) -> None:
        """A line on stdout."""
        with self._lock:
            if self._live:
                self._said.append(line)
            elif not self._quiet:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()

    def end(self, name: str) -> None:
        """Everything is done: print what had to wait, and ``name``."""
        self._context.progress_done()
        lines = [*([] if self._quiet else self._said), *([name] if name else [])]
        sys.stdout.write("".join(f"{line}\n" for line in lines))
