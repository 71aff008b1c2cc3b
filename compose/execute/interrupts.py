"""Ctrl-C while something is done that must not be cut in the middle."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType

from schemas.typed import TypeVar

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Seconds. A signal that comes just before a wait begins, or to another thread, does not end the wait, and its handler runs
# in the main thread only: whoever waits there without an end wakes now and then.
BEAT = 0.2

T = TypeVar("T")


def fetch(queue: SimpleQueue[T]) -> T:
    """The queue's next item, however long it takes; signals are seen within a beat."""
    while True:
        try:
            return queue.get(timeout=BEAT)
        except Empty:
            continue


@contextmanager
def deferred(stop: threading.Event) -> Iterator[None]:
    """Within, the first SIGINT or SIGTERM sets ``stop`` and becomes KeyboardInterrupt only at the end; the second is one
    at once. An exception may strike between any two instructions, a result just fetched may be lost by it; a flag cannot.

    Does nothing outside the main thread, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True
        stop.set()

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield
    except Exception:
        # What the interrupt led to (a wait that was given up) is no news; an error beside it was reported as progress.
        if not interrupted:
            raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if interrupted:
        raise KeyboardInterrupt
