"""Progress of a command on stderr: for a terminal, as plain lines, as JSON lines, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from compose.render.colour import wanted
from schemas.records import Progress
from schemas.typed import Protocol


class Reporter(Protocol):
    """A sink for progress with an end."""

    def __call__(self, progress: Progress) -> None: ...
    def close(self) -> None: ...


def open_reporter(
    mode: str, ansi: str, environ: Mapping[str, str], *, dry_run: bool, title: str = "Running"
) -> Reporter:
    """The reporter for --progress ``mode``; "auto" means a live display (with a ``title``) on a terminal and plain lines
    elsewhere."""
    if mode == "auto":
        live = ansi != "never" and os.isatty(2) and environ.get("TERM", "dumb") != "dumb"
        mode = "tty" if live else "plain"
    if mode == "tty":
        from compose.render.live import Live

        return Live(colour=wanted(ansi, environ, 2), title="Dry run" if dry_run else title)
    if mode == "json":
        return JsonLines(sys.stderr, dry_run=dry_run)
    if mode == "quiet":
        return Quiet(sys.stderr)
    return Plain(sys.stderr, dry_run=dry_run)


class Plain:
    """A line for each change: `` Container demo-web-1  Started``."""

    def __init__(self, out: TextIO, *, dry_run: bool = False) -> None:
        self._out = out
        self._start = " DRY-RUN MODE - " if dry_run else ""
        self._last: dict[tuple[str, str], tuple[str, str]] = {}

    def __call__(self, progress: Progress) -> None:
        # Engines report downloads many times a second; a line for each would drown the rest.
        key, said = (progress.parent, progress.id), (progress.text, progress.detail)
        if self._last.get(key) == said:
            return
        self._last[key] = said
        # Docker Compose puts two blanks before what happens to a resource, one before what happens to an image.
        image = progress.parent or " " not in progress.id
        tail = f"{progress.text} {progress.detail}" if image or progress.detail else progress.text
        self._out.write(f"{self._start} {progress.id}{' ' if image else '  '}{tail}\n")
        self._out.flush()

    def close(self) -> None:
        pass


class JsonLines:
    """An object for each change, in the keys of Docker Compose."""

    def __init__(self, out: TextIO, *, dry_run: bool = False) -> None:
        self._out = out
        self._dry_run = dry_run

    def __call__(self, progress: Progress) -> None:
        from compose.render.jsontext import dumps

        event: dict[str, object] = {
            "dry-run": self._dry_run,
            "id": progress.id,
            "parent_id": progress.parent,
            "status": progress.status.capitalize(),
            "text": progress.text,
            "details": progress.detail,
            "current": progress.current,
            "total": progress.total,
        }
        if progress.total:
            event["percent"] = progress.current * 100 // progress.total
        self._out.write(dumps({key: value for key, value in event.items() if value}) + "\n")
        self._out.flush()

    def close(self) -> None:
        pass


class Quiet:
    """Nothing, except what went wrong."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, progress: Progress) -> None:
        if progress.status in ("warning", "error"):
            self._out.write(f"{progress.id}  {progress.text} {progress.detail}".rstrip() + "\n")

    def close(self) -> None:
        pass
