"""``up`` in front: prints what the services write until they end, until Ctrl-C, or until one's end ends them all."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Literal

from compose.ops.attached import Attached, Exited
from compose.ops.follow import Note, Output
from compose.ops.selection import short_name
from compose.render.logs import LogPrinter
from schemas import labels
from schemas.typed import NamedTuple

INTERRUPTED = 130
_LOOK_EVERY = 0.5
_LAST_WORDS = 2.0  # seconds that output may take to come after its container was stopped


class Cascade(NamedTuple):
    """Which end of a container ends all: none, any, or a failure; and whose exit code is the command's ("": the first's)."""

    on: Literal["never", "exit", "failure"] = "never"
    code_from: str = ""


class Work:
    """Something done in a thread of its own while the main thread prints; ``stop`` asks it to end early."""

    def __init__(self, call: Callable[[threading.Event], object], wake: Callable[[], None]) -> None:
        self.stop = threading.Event()
        self.done = threading.Event()
        self.error: BaseException | None = None

        def run() -> None:
            try:
                call(self.stop)
            except BaseException as error:  # noqa: BLE001 - raised by the main thread
                self.error = error
            self.done.set()
            wake()

        threading.Thread(target=run, daemon=True).start()


class Foreground:
    """``start``, ``halt`` and ``kill`` are what can be done to the project; each is given an event that asks it to end."""

    def __init__(
        self,
        attached: Attached,
        printer: LogPrinter,
        *,
        start: Callable[[threading.Event], object],
        halt: Callable[[threading.Event], object],
        kill: Callable[[threading.Event], object],
        cascade: Cascade,
    ) -> None:
        self._attached = attached
        self._printer = printer
        self._cascade = cascade
        self._halt = halt
        self._kill = kill
        self._start = start
        self._starting: Work
        self._halting: Work | None = None
        self._killing: Work | None = None
        self._interrupts = 0  # typed
        self._obeyed = 0
        self._ending: float | None = None  # since when nothing is left but last words
        self._code = 0

    def run(self) -> int:
        """Print until the end; the exit code. Raises what starting or stopping raised."""
        before = {
            number: signal.signal(number, self._interrupt)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._starting = Work(self._start, self._attached.wake)
        try:
            while not self._over():
                timeout = _LOOK_EVERY if self._ending is None else _LAST_WORDS / 10
                self._show(self._attached.items(timeout))
                if self._obeyed < self._interrupts:
                    self._obey()
            self._show(self._attached.rest())
        finally:
            self._starting.stop.set()
            for number, handler in before.items():
                signal.signal(number, handler)
            self._attached.close()
        # What starting raises after it was told to stop is no news.
        for work in (self._halting or self._starting, self._killing):
            if work is not None and work.error is not None:
                raise work.error
        return INTERRUPTED if self._obeyed else self._code

    def _over(self) -> bool:
        if self._ending is not None:
            # Stopped: what the logs still hold is on its way to us.
            return self._attached.over() or time.monotonic() - self._ending > _LAST_WORDS
        last = self._killing or self._halting
        if last is not None:
            if last.done.is_set():
                self._ending = time.monotonic()
            return last.done.is_set() and last.error is not None
        starting = self._starting
        return starting.done.is_set() and (starting.error is not None or self._attached.over())

    def _show(self, items: list[Output | Note | Exited]) -> None:
        for item in items:
            if isinstance(item, Note):
                self._printer.line(item.name, item.line)
                continue
            name = short_name(item.info)
            if isinstance(item, Exited):
                if item.shown:
                    self._printer.ended(name, item.code)
                if not item.again:
                    self._ended(item)
            else:
                self._printer.line(name, item.line)
        self._printer.flush()

    def _ended(self, item: Exited) -> None:
        """Let one's end be the end of all, when that was asked for."""
        on = self._cascade.on
        if self._halting is None and (on == "never" or (on == "failure" and not item.code)):
            return
        service = item.info.labels.get(labels.SERVICE, "")
        wanted = self._cascade.code_from
        if service == wanted or (not wanted and self._halting is None):
            self._code = item.code
        if self._halting is None:
            _say("Aborting on container exit...")
            self._begin_halt()

    def _obey(self) -> None:
        self._obeyed = self._interrupts
        if self._halting is None:
            _say("Gracefully stopping... (press Ctrl+C again to force)")
            self._begin_halt()
        elif self._killing is None:
            self._killing = Work(self._kill, self._attached.wake)

    def _begin_halt(self) -> None:
        starting = self._starting
        starting.stop.set()

        def halt(stop: threading.Event) -> None:
            starting.done.wait()
            self._halt(stop)

        self._halting = Work(halt, self._attached.wake)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupts += 1
        self._attached.wake()


def _say(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
