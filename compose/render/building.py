"""Progress of builds: as BuildKit's plain lines, or as lines of another display."""

from __future__ import annotations

import time
from typing import TextIO

from compose.ops.build import titled
from compose.render.progress import Plain, Quiet, Reporter
from schemas.building import BuildEvent
from schemas.records import Progress
from schemas.typed import Protocol


class Teller(Protocol):
    """Takes what builds report."""

    def __call__(self, service: str, event: BuildEvent) -> None: ...


def teller(reporter: Reporter, out: TextIO, *, quiet: bool = False) -> Teller:
    """How builds are told of where ``reporter`` tells of the rest."""
    if quiet or isinstance(reporter, Quiet):
        return _silent
    return Lines(out) if isinstance(reporter, Plain) else Items(reporter)


def _silent(service: str, event: BuildEvent) -> None:
    """Nothing; what fails is told by the error itself."""


class Lines:
    """``#5 [web 2/4] RUN …``, then its output, then ``#5 DONE 0.3s`` or ``#5 CACHED``."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._numbers: dict[tuple[str, int], int] = {}
        self._begun: dict[int, float] = {}
        self._partial: dict[int, bytes] = {}
        self._last = 0

    def __call__(self, service: str, event: BuildEvent) -> None:
        if event.step == 0:
            self._about_build(service, event)
            return
        number = self._numbers.setdefault((service, event.step), len(self._numbers) + 1)
        self._begun.setdefault(number, time.monotonic())
        if number != self._last:
            self._say(f"{chr(10) if self._last else ''}#{number} {titled(service, event.title)}")
            self._last = number
        if event.kind == "log":
            self._log(number, event.data)
            return
        self._log(number, b"\n" if self._partial.get(number) else b"")
        words = _ENDS.get(event.kind, "")
        if words:
            about = event.data.decode("utf-8", "replace")
            self._say(f"#{number} " + words.format(seconds=event.seconds, about=about).rstrip())
        self._out.flush()

    def _about_build(self, service: str, event: BuildEvent) -> None:
        words = event.data.decode("utf-8", "replace")
        if words:
            label = "WARNING: " if event.kind == "warning" else ""
            self._say(f"{label}[{service}] {words}")
        self._last = self._last and -1
        self._out.flush()

    def _log(self, number: int, data: bytes) -> None:
        *lines, self._partial[number] = (self._partial.get(number, b"") + data).split(b"\n")
        since = time.monotonic() - self._begun[number]
        for line in lines:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            self._say(f"#{number} {since:.3f} {text}")
        self._out.flush()

    def _say(self, line: str) -> None:
        self._out.write(line + "\n")


_ENDS = {
    "done": "DONE {seconds:.1f}s",
    "cached": "CACHED",
    "canceled": "CANCELED",
    "error": "ERROR: {about}",
}


class Items:
    """A line for each step in a display of other things: its last output, then how it ended."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def __call__(self, service: str, event: BuildEvent) -> None:
        text = event.data.decode("utf-8", "replace").strip()
        if event.step == 0:
            status = "warning" if event.kind == "warning" else "done"
            self._reporter(Progress(f"[{service}] {text}", "", status))  # type: ignore[arg-type]
            return
        status, word = _STATES[event.kind]
        last = text.splitlines()[-1] if text else ""
        word = last[:_WIDTH] if event.kind in ("log", "error") else word
        name = titled(service, event.title)
        if len(name) > _WIDTH:
            name = name[: _WIDTH - 1] + "…"
        self._reporter(Progress(name, word, status))  # type: ignore[arg-type]


_WIDTH = 70
_STATES = {
    "start": ("working", ""),
    "log": ("working", ""),
    "done": ("done", "Done"),
    "cached": ("done", "CACHED"),
    "canceled": ("warning", "Canceled"),
    "error": ("error", ""),
    "warning": ("warning", ""),
    "image": ("done", ""),
}
