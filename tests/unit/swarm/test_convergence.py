"""When a service is what its spec says, and when it never will be."""

from __future__ import annotations

from typing import Any

import pytest

from compose.plan.convergence import Verdict, judge
from tests.unit.swarm.world import NODE, service, spec, task

WEB = service(spec("services: {web: {image: x, deploy: {replicas: 2}}}"))
AGENT = service(spec("services: {web: {image: x, deploy: {mode: global}}}"))
JOB = service(spec("services: {web: {image: x, deploy: {mode: replicated-job, replicas: 2}}}"))
NODES = {NODE.id: NODE}


def verdict(*tasks: Any, info: Any = WEB, **how: Any) -> Verdict:
    newest_first = sorted(tasks, key=lambda each: -each.created)
    return judge(info, newest_first, NODES, **how)


def test_all_tasks_must_run() -> None:
    assert verdict(task(WEB, 1), task(WEB, 2)).outcome == "met"
    assert verdict(task(WEB, 1)).outcome == "open"
    assert verdict(task(WEB, 1), task(WEB, 2, state="starting")).outcome == "open"
    assert verdict(task(WEB, 1), task(WEB, 2), task(WEB, 3)).outcome == "open"


def test_tasks_of_a_former_spec_do_not_count() -> None:
    assert verdict(task(WEB, 1), task(WEB, 2, current=False)).outcome == "open"
    old = task(WEB, 2, current=False, desired="shutdown", created=0.0)
    assert verdict(task(WEB, 1), task(WEB, 2), old).outcome == "met"


def test_a_task_on_a_node_that_is_away_does_not_run() -> None:
    away = {NODE.id: NODE._replace(state="down")}
    assert judge(WEB, [task(WEB, 1), task(WEB, 2)], away).outcome == "open"


def test_attempts_without_success_are_a_failure_with_the_task_s_own_words() -> None:
    failures = [
        task(
            WEB,
            1,
            state="failed",
            desired="shutdown",
            error="task: non-zero exit (3)",
            exit_code=3,
            created=float(n),
        )
        for n in range(3)
    ]
    found = verdict(
        *failures, task(WEB, 1, state="ready", desired="ready", created=9.0), task(WEB, 2)
    )
    assert found.outcome == "failed"
    assert found.text == "task shop_web.1: task: non-zero exit (3)"
    assert verdict(*failures[:2], task(WEB, 1, state="ready", created=9.0)).outcome == "open"


def test_what_failed_long_ago_or_after_a_long_life_is_no_attempt() -> None:
    def failed(made: float, lived: float) -> Any:
        return task(
            WEB,
            1,
            state="failed",
            desired="shutdown",
            error="x",
            created=made,
            changed=made + lived,
        )

    now = task(WEB, 1, state="starting", created=9_000.0)
    crashes = [failed(float(number), 1.0) for number in range(3)]
    assert verdict(*crashes, failed(100.0, 5_000.0), now).outcome == "open"
    assert verdict(*(failed(1_000.0 * n, 900.0) for n in range(3)), now).outcome == "open"
    assert verdict(*crashes, now).outcome == "failed"


def test_without_another_attempt_it_is_stuck() -> None:
    failed = task(WEB, 1, state="rejected", desired="shutdown", error="No such image: x")
    assert verdict(failed, task(WEB, 2)) == Verdict(
        "stuck", "task shop_web.1: No such image: x", 1, 2
    )


def test_no_node_that_fits_is_stuck() -> None:
    waiting = task(
        WEB, 1, state="pending", node_id="", error="no suitable node (1 node not available)"
    )
    assert verdict(waiting, task(WEB, 2)).outcome == "stuck"
    assert verdict(info=AGENT).outcome == "stuck"


@pytest.mark.parametrize(
    ("state", "outcome", "words"),
    [
        ("updating", "open", "updating"),
        ("completed", "met", ""),
        ("paused", "failed", "update was paused: task shop_web.1: boom"),
        ("rollback_started", "open", "rolling back"),
        ("rollback_completed", "failed", "update was rolled back: task shop_web.1: boom"),
        ("rollback_paused", "failed", "roll-back is paused: task shop_web.1: boom"),
    ],
)
def test_rolling_updates_tell_by_themselves(state: str, outcome: str, words: str) -> None:
    broken = task(
        WEB, 1, state="failed", desired="shutdown", error="boom", current=False, created=0.5
    )
    info = WEB._replace(update_state=state, update_message="told so")
    found = verdict(task(WEB, 1), task(WEB, 2), broken, info=info)
    assert (found.outcome, found.text) == (outcome, words)


def test_an_update_that_no_node_takes_is_stuck() -> None:
    waiting = task(WEB, 1, state="pending", node_id="", error="no suitable node")
    found = verdict(waiting, task(WEB, 2), info=WEB._replace(update_state="updating"))
    assert (found.outcome, found.text) == ("stuck", "task shop_web.1: no suitable node")


def test_going_back_is_no_failure_when_it_was_asked_for() -> None:
    info = WEB._replace(update_state="rollback_completed")
    assert verdict(task(WEB, 1), task(WEB, 2), info=info, rolled_back=True).outcome == "met"


def test_a_global_service_runs_where_it_is_to_run() -> None:
    assert verdict(task(AGENT, 0), info=AGENT).outcome == "met"
    assert verdict(task(AGENT, 0, state="preparing"), info=AGENT).outcome == "open"


def test_jobs_are_met_when_they_are_done() -> None:
    done = {"state": "complete", "desired": "complete"}
    assert verdict(task(JOB, 1, **done), task(JOB, 2), info=JOB).outcome == "open"
    assert verdict(task(JOB, 1, **done), task(JOB, 2, **done), info=JOB).outcome == "met"
    before = task(JOB, 2, **done, current=False)
    assert verdict(task(JOB, 1, **done), before, info=JOB).outcome == "open"


def test_completing_can_be_waited_for() -> None:
    one = service(spec("services: {web: {image: x, restart: 'no'}}"))
    ended = task(one, 1, state="complete", desired="shutdown")
    assert verdict(ended, info=one, condition="completed").outcome == "met"
    assert verdict(task(one, 1), info=one, condition="completed").outcome == "open"
    failed = task(one, 1, state="failed", desired="shutdown", error="exit 3")
    assert verdict(failed, info=one, condition="completed").outcome == "stuck"


def test_no_tasks_at_all_can_be_what_is_wanted() -> None:
    none = service({**WEB.spec, "replicas": 0})
    assert verdict(info=none).outcome == "met"
    assert verdict(task(none, 1), info=none).outcome == "open"
