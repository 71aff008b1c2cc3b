"""What --dry-run prints."""

from __future__ import annotations

from compose.plan.actions import (
    CreateContainer,
    CreateNetwork,
    Plan,
    RenameContainer,
    Step,
    WaitFor,
)
from compose.render.plan import plan_table


def test_a_line_a_step_with_what_it_waits_for_and_why() -> None:
    plan = Plan(
        (
            Step(1, CreateNetwork({"name": "demo_default"}), (), "network default does not exist"),
            Step(
                2,
                CreateContainer("web", {"name": "x_demo-web-1", "image": "i"}),
                (1,),
                "image changed",
            ),
            Step(3, RenameContainer("web", "x_demo-web-1", "demo-web-1"), (1, 2), "image changed"),
            Step(
                4, WaitFor("db", ("demo-db-1",), "service_healthy"), (), "web needs service_healthy"
            ),
        )
    )
    assert plan_table(plan) == (
        "STEP   ACTION             OF                           AFTER   BECAUSE\n"
        "1      create network     demo_default                         network default does not exist\n"
        "2      create container   x_demo-web-1                 1       image changed\n"
        "3      rename container   x_demo-web-1 to demo-web-1   1,2     image changed\n"
        "4      wait for           db (service_healthy)                 web needs service_healthy\n"
    )


def test_an_empty_plan_is_said_to_be_empty() -> None:
    assert plan_table(Plan()) == "Nothing to do.\n"
