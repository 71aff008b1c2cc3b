"""kill, pause and unpause: which containers, in which order."""

from __future__ import annotations

from compose.observed import Observed, arrange
from compose.ops.flat import kill_plan, pause_plan, unpause_plan
from compose.plan.actions import Plan
from schemas import labels
from schemas.records import ContainerInfo, State


def info(
    service: str, number: int, state: State = "running", *, one_off: bool = False
) -> ContainerInfo:
    own = {
        labels.PROJECT: "demo",
        labels.SERVICE: service,
        labels.NUMBER: str(number),
        labels.ONEOFF: str(one_off),
    }
    name = f"demo-{service}-{'run-' if one_off else ''}{number}"
    return ContainerInfo(name, name, "i", "sha256:1", own, 0.0, state)


def observed(*containers: ContainerInfo) -> Observed:
    return arrange("demo", list(containers), {}, {})


def names(plan: Plan) -> list[str]:
    return [step.action.subject.removeprefix("Container ") for step in plan.steps]


ALL = observed(
    info("web", 2),
    info("web", 1, "paused"),
    info("db", 1, "exited"),
    info("gone", 1),
    info("web", 7, one_off=True),
)


def test_a_signal_goes_to_all_that_run_one_offs_too() -> None:
    assert names(kill_plan(ALL, (), "SIGTERM")) == [
        "demo-gone-1",
        "demo-web-1",
        "demo-web-2",
        "demo-web-run-7",
    ]


def test_orphans_are_left_alone_where_the_services_are_known() -> None:
    plan = kill_plan(ALL, (), "SIGTERM", known=["web", "db"])
    assert names(plan) == ["demo-web-1", "demo-web-2", "demo-web-run-7"]
    assert names(pause_plan(ALL, (), known=["web", "db"])) == ["demo-web-1", "demo-web-2"]
    assert names(unpause_plan(ALL, (), known=["gone"])) == ["demo-gone-1"]


def test_named_services_only() -> None:
    assert names(kill_plan(ALL, ("db",), "SIGTERM")) == []
    assert names(pause_plan(ALL, ("web",))) == ["demo-web-1", "demo-web-2"]
    assert names(unpause_plan(ALL, ("gone",))) == ["demo-gone-1"]
