"""The fuzzer notices what hangs, whether it works or waits, and leaves the clocks of its caller alone."""

from __future__ import annotations

import signal
import time

import pytest

from tests.fuzz.deadline import TooSlow, deadline


def test_endless_work_is_ended() -> None:
    with pytest.raises(TooSlow, match="of work"), deadline(cpu=0.05):
        sum(iter(lambda: 0, 1))


def test_endless_waiting_is_ended() -> None:
    with pytest.raises(TooSlow, match=r"after 0\.05 s"), deadline(wall=0.05):
        time.sleep(60)


def test_waiting_is_not_work_and_the_callers_timer_goes_on() -> None:
    before = signal.getitimer(signal.ITIMER_REAL)[0]
    with deadline(cpu=0.05):
        time.sleep(0.2)
    after = signal.getitimer(signal.ITIMER_REAL)[0]
    assert bool(before) == bool(after)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
