from __future__ import annotations

from engine.runtime.restart import FIRST_DELAY, GOOD_RUN, LONGEST_DELAY, Decision, History, decide
from schemas.specs import Restart


def after(policy: Restart, *runs: tuple[int, float]) -> list[Decision]:
    """What is decided after each of the runs (exit code, seconds)."""
    history, found = History(), []
    for code, ran in runs:
        found.append(decide(policy, code=code, ran=ran, stopped=False, history=history))
        history = found[-1].history
    return found


def test_delays_double_up_to_a_limit_and_begin_anew_after_a_good_run() -> None:
    delays = [
        each.delay for each in after({"name": "always"}, *[(0, 1.0)] * 12, (0, GOOD_RUN), (0, 1.0))
    ]
    assert delays[:4] == [FIRST_DELAY, FIRST_DELAY * 2, FIRST_DELAY * 4, FIRST_DELAY * 8]
    assert delays[10:12] == [LONGEST_DELAY, LONGEST_DELAY]
    assert delays[12:] == [FIRST_DELAY, FIRST_DELAY * 2]


def test_attempts_are_counted_over_good_runs_too() -> None:
    again = [
        each.again for each in after({"name": "on-failure", "max_retries": 2}, *[(1, 60.0)] * 3)
    ]
    assert again == [True, True, False]


def test_within_a_window_attempts_count_and_after_it_they_begin_anew() -> None:
    policy: Restart = {"name": "always", "max_retries": 2, "window": 5.0, "delay": 0.5}
    found = after(policy, (1, 1.0), (1, 1.0), (1, 6.0), (1, 1.0), (1, 1.0))
    assert [each.again for each in found] == [True, True, True, True, False]
    assert [each.delay for each in found[:4]] == [0.5] * 4


def test_a_success_ends_on_failure_and_a_stop_ends_all() -> None:
    assert not after({"name": "on-failure"}, (0, 1.0))[0].again
    stopped = decide({"name": "always"}, code=1, ran=1.0, stopped=True, history=History())
    assert not stopped.again
    assert not decide(None, code=1, ran=1.0, stopped=False, history=History()).again
