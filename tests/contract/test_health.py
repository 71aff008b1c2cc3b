"""Health: what it is, and waiting for it."""

from __future__ import annotations

import pytest

from schemas.engine import Engine
from tests.contract.making import sleeper, start


def test_health_comes_and_is_waited_for(engine: Engine) -> None:
    made = sleeper(engine, "one", healthcheck={"test": ["CMD", "true"], "interval": 0.5})
    assert made.has_healthcheck
    assert made.health in ("starting", "healthy")
    assert engine.wait_healthy("one", timeout=20).health == "healthy"


def test_bad_health_is_waited_for_too(engine: Engine) -> None:
    check = {"test": ["CMD-SHELL", "exit 1"], "interval": 0.2, "retries": 2}
    sleeper(engine, "one", healthcheck=check)
    assert engine.wait_healthy("one", timeout=20).health == "unhealthy"


def test_waiting_for_health_ends_with_the_container_or_the_time(engine: Engine) -> None:
    check = {"test": ["CMD", "false"], "interval": 60.0}
    start(engine, "one", "exit 5", healthcheck=check)
    found = engine.wait_healthy("one", timeout=20)
    assert (found.state, found.exit_code) == ("exited", 5)
    sleeper(engine, "two", healthcheck=check)
    with pytest.raises(TimeoutError):
        engine.wait_healthy("two", timeout=0.3)


def test_without_a_check_running_is_enough_and_none_takes_one_away(engine: Engine) -> None:
    sleeper(engine, "one", healthcheck={"test": ["NONE"]})
    found = engine.wait_healthy("one", timeout=10)
    assert (found.state, found.health, found.has_healthcheck) == ("running", "", False)
