"""A shim lives for months: what it was called back for must go when it is over, without a collection of cycles."""

from __future__ import annotations

import gc
import weakref

from engine.runtime.loop import Loop, Timer


class Job:
    """Holds the timer that calls it back, as health checks do."""

    def __init__(self, loop: Loop, seconds: float) -> None:
        self.loop = loop
        self.timer: Timer = loop.after(seconds, self.done)

    def done(self) -> None:
        self.loop.stop()


def test_what_a_timer_has_called_is_not_held() -> None:
    loop = Loop()
    job = weakref.ref(Job(loop, 0.0))
    assert job() is not None  # the loop's, until it was called
    gc.disable()
    try:
        loop.run()
        assert job() is None
    finally:
        gc.enable()


def test_what_a_timer_will_not_call_is_not_held() -> None:
    loop = Loop()
    job = Job(loop, 1000.0)
    gc.disable()
    try:
        job.timer.cancel()
        seen = weakref.ref(job)
        del job
        assert seen() is None
    finally:
        gc.enable()
