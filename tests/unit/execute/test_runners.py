"""Both runners keep the same promises: order, limit, first error, stop, interrupt."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import ModuleType

import pytest

from compose.execute import bridge, crew
from compose.execute.interrupts import deferred
from compose.plan.actions import Plan, StartContainer, Step, WaitFor
from schemas.errors import Failed

RUNNERS = pytest.mark.parametrize("runner", [crew, bridge], ids=["crew", "bridge"])


def plan(*edges: tuple[int, tuple[int, ...]]) -> Plan:
    return Plan(tuple(Step(id, StartContainer("s", f"c{id}"), after, "") for id, after in edges))


class Log:
    """What was performed, in the order of beginnings and ends, and how much at a time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.began: list[int] = []
        self.ended: list[int] = []
        self.most = 0
        self._seconds = seconds
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, step: Step) -> None:
        with self._lock:
            self.began.append(step.id)
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        with self._lock:
            self._now -= 1
            self.ended.append(step.id)


def run(
    runner: ModuleType,
    what: Plan,
    perform: Callable[[Step], None],
    *,
    limit: int = 0,
    stop: threading.Event | None = None,
) -> bool:
    done: bool = runner.run(what, perform, limit=limit, stop=stop or threading.Event())
    return done


@RUNNERS
def test_a_step_begins_only_when_all_before_it_have_ended(runner: ModuleType) -> None:
    ended: list[int] = []
    seen: dict[int, list[int]] = {}
    chain = plan((1, ()), (2, (1,)), (3, (1,)), (4, (2, 3)))

    def perform(step: Step) -> None:
        seen[step.id] = list(ended)
        time.sleep(0.01)
        ended.append(step.id)

    assert run(runner, chain, perform)
    assert seen[2][:1] == [1]
    assert seen[3][:1] == [1]
    assert sorted(seen[4]) == [1, 2, 3]


@RUNNERS
def test_steps_without_order_run_at_the_same_time(runner: ModuleType) -> None:
    together = threading.Barrier(5, timeout=10)
    assert run(runner, plan(*((id, ()) for id in range(5))), lambda step: void(together.wait()))


@RUNNERS
def test_no_more_steps_than_the_limit_run_at_a_time(runner: ModuleType) -> None:
    log = Log(0.01)
    assert run(runner, plan(*((id, ()) for id in range(8))), log, limit=2)
    assert log.most == 2
    assert sorted(log.ended) == list(range(8))


@RUNNERS
def test_the_first_error_is_raised_after_what_runs_has_ended_and_nothing_new_begins(
    runner: ModuleType,
) -> None:
    log = Log(0.1)
    begun, stop = threading.Event(), threading.Event()

    def perform(step: Step) -> None:
        if step.id == 1:
            begun.wait(5)
            raise Failed("broken")
        if step.id == 2:
            begun.set()
            stop.wait(5)  # which the error sets
        log(step)

    with pytest.raises(Failed, match="broken"):
        run(runner, plan((1, ()), (2, ()), (3, (2,)), (4, (1,))), perform, stop=stop)
    assert log.ended == [2]


@RUNNERS
def test_stop_keeps_the_rest_from_beginning(runner: ModuleType) -> None:
    stop = threading.Event()
    log = Log()

    def perform(step: Step) -> None:
        log(step)
        stop.set()

    assert not run(runner, plan((1, ()), (2, (1,)), (3, (2,))), perform, stop=stop)
    assert log.ended == [1]


@RUNNERS
def test_an_interrupt_waits_for_what_runs(runner: ModuleType) -> None:
    log = Log()
    stop = threading.Event()

    def perform(step: Step) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
        log(step)

    with pytest.raises(KeyboardInterrupt), deferred(stop):
        assert not run(runner, plan((1, ()), (2, (1,))), perform, stop=stop)
    assert log.ended == [1]


@RUNNERS
def test_a_second_interrupt_does_not_wait(runner: ModuleType) -> None:
    stop = threading.Event()
    release = threading.Event()

    def perform(step: Step) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        stop.wait(10)  # two at once would count as one
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(10)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), deferred(stop):
        run(runner, plan((1, ())), perform, stop=stop)
    release.set()
    assert time.monotonic() - began < 5


@RUNNERS
def test_predecessors_that_are_not_in_the_plan_count_as_done(runner: ModuleType) -> None:
    log = Log()
    assert run(runner, plan((5, (1, 2)), (6, (5,))), log)
    assert log.ended == [5, 6]


def test_waits_do_not_take_the_place_of_work() -> None:
    started = threading.Event()
    steps = (
        Step(1, WaitFor("db", ("db",), "service_healthy"), (), ""),
        Step(2, StartContainer("web", "web"), (), ""),
    )

    def perform(step: Step) -> None:
        if step.id == 1:
            assert started.wait(5)
        else:
            started.set()

    assert run(bridge, Plan(steps), perform, limit=1)


def void(_: object) -> None:
    return None
