"""Stages being solved: what has come of one so far, and the thread that works on it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.build.stack import Stack
from schemas.typed import NamedTuple


class Outcome(NamedTuple):
    """A stage so far: ``chain`` are its snapshots above the image it began with, top first; ``times`` when each was made,
    lowest first."""

    stack: Stack
    content: str
    chain: tuple[str, ...] = ()
    times: tuple[float, ...] = ()


class Job:
    """Work in a thread of its own, with a result that several may wait for."""

    def __init__(self, work: Callable[[], Outcome], *, failed: Callable[[], None]) -> None:
        self._work = work
        self._failed = failed
        self._thread = threading.Thread(target=self._run, name="build-stage", daemon=True)
        self._result: Outcome | None = None
        self.error: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def wait(self) -> Outcome:
        self._thread.join()
        if self.error is not None:
            raise self.error
        assert self._result is not None
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as err:  # noqa: BLE001 - raised again by who waits
            self.error = err
            self._failed()
