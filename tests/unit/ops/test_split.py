"""An attached ``up`` makes everything before it starts anything."""

from __future__ import annotations

from compose.ops.up import split
from compose.plan.actions import (
    CreateContainer,
    CreateNetwork,
    Plan,
    StartContainer,
    Step,
    StopContainer,
    WaitFor,
)


def test_starts_waits_and_what_comes_after_them_are_the_second_part() -> None:
    plan = Plan(
        (
            Step(1, CreateNetwork({"name": "n"}), (), ""),
            Step(2, CreateContainer("a", {"name": "a", "image": "i"}), (1,), ""),
            Step(3, StartContainer("a", "a"), (2,), ""),
            Step(4, WaitFor("a", ("a",), "service_healthy"), (3,), ""),
            Step(5, CreateContainer("b", {"name": "b", "image": "i"}), (1,), ""),
            Step(6, StopContainer("c", "c"), (3,), ""),
        ),
        ("careful",),
    )
    first, rest = split(plan)
    assert [step.id for step in first.steps] == [1, 2, 5]
    assert [step.id for step in rest.steps] == [3, 4, 6]
    assert (first.warnings, rest.warnings) == (("careful",), ())
