"""An end to what does not come to one: by the processor time that it takes, so that a busy machine fails nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CPU_SECONDS = 5.0
WALL_SECONDS = 120.0  # for what waits instead of working


class TooSlow(Exception):
    """Something has not come to an end."""


@contextmanager
def deadline(cpu: float = CPU_SECONDS, wall: float = WALL_SECONDS) -> Iterator[None]:
    """Raise TooSlow in the block after so many seconds of this process's own, or of the clock. For the main thread."""

    def worked(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"no answer after {cpu} s of work")

    def waited(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"no answer after {wall} s")

    before = signal.signal(signal.SIGPROF, worked), signal.signal(signal.SIGALRM, waited)
    outer = signal.setitimer(signal.ITIMER_REAL, wall)
    signal.setitimer(signal.ITIMER_PROF, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, *outer)
        signal.signal(signal.SIGPROF, before[0])
        signal.signal(signal.SIGALRM, before[1])
