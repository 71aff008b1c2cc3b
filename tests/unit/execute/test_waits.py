"""When a condition holds, when it never will, and what is said then."""

from __future__ import annotations

import pytest

from compose.execute.waits import COMPLETED, HEALTHY, RUNNING_OR_HEALTHY, STARTED, judge
from schemas.records import ContainerInfo, Health, State


def info(
    state: State, *, health: Health = "", code: int = 0, checked: bool = False
) -> ContainerInfo:
    return ContainerInfo(
        "0" * 64, "demo-db-1", "i", "sha256:1", {}, 0.0, state, health,
        exit_code=code, has_healthcheck=checked or bool(health),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "container", "outcome", "text"),
    [
        (HEALTHY, info("running", health="healthy"), "met", "Healthy"),
        (HEALTHY, info("running", health="starting"), "open", ""),
        (HEALTHY, info("restarting", health="starting"), "open", ""),
        (HEALTHY, info("running", health="unhealthy"), "failed", "container demo-db-1 is unhealthy"),
        (HEALTHY, info("running"), "failed", "container demo-db-1 has no healthcheck configured"),
        (HEALTHY, info("exited", health="healthy", code=3), "failed", "container demo-db-1 exited (3)"),
        (HEALTHY, info("exited", code=0), "failed", "container demo-db-1 exited (0)"),
        (COMPLETED, info("running"), "open", ""),
        (COMPLETED, info("restarting", code=1), "open", ""),
        (COMPLETED, info("exited"), "met", "Exited"),
        (COMPLETED, info("exited", code=3), "failed", "exit 3"),
        (COMPLETED, info("created"), "open", ""),
        (STARTED, info("running"), "met", "Started"),
        (STARTED, info("created"), "open", ""),
        (RUNNING_OR_HEALTHY, info("running"), "met", "Healthy"),
        (RUNNING_OR_HEALTHY, info("restarting"), "open", ""),
        (RUNNING_OR_HEALTHY, info("running", health="starting"), "open", ""),
        (RUNNING_OR_HEALTHY, info("running", checked=True), "open", ""),
        (RUNNING_OR_HEALTHY, info("exited"), "met", "Exited"),
        (RUNNING_OR_HEALTHY, info("exited", code=1), "failed", "container demo-db-1 exited (1)"),
    ],
)  # fmt: skip
def test_a_condition_is_met_open_or_failed(
    condition: str, container: ContainerInfo, outcome: str, text: str
) -> None:
    assert judge(condition, container) == (outcome, text)
