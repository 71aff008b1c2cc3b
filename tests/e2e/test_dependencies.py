"""``depends_on``: who waits for whom, and what is said when nobody comes."""

from __future__ import annotations

import time

import pytest

from tests.e2e.conftest import Compose

SERVICES = """
services:
  db:
    image: busybox
    init: true
    command: sleep 1000
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 100ms, retries: 3000}
  sick:
    image: busybox
    init: true
    command: sleep 1000
    healthcheck: {test: ["CMD", "false"], interval: 100ms, retries: 1}
  plain:
    image: busybox
    init: true
    command: sleep 1000
  crashed:
    image: busybox
    command: sh -c "exit 3"
    healthcheck: {test: ["CMD", "true"], interval: 100s}
  failing:
    image: busybox
    command: sh -c "exit 3"
  migration:
    image: busybox
    command: sh -c "sleep 0.5"
"""


def dependent(on: str, condition: str, extra: str = "") -> str:
    return (
        f"{SERVICES}  web:\n    image: busybox\n    init: true\n    command: sleep 1000\n"
        f"    depends_on: {{{on}: {{condition: {condition}{extra}}}}}\n"
    )


def test_a_service_starts_when_its_dependency_is_healthy(compose: Compose) -> None:
    compose.write(dependent("db", "service_healthy").replace("sleep 1000\n    healthcheck: {test: [CMD, test",
        'sh -c "sleep 0.7; touch /tmp/ready; sleep 1000"\n    healthcheck: {test: [CMD, test'))  # fmt: skip
    done = compose.run("up", "-d", "web")
    assert done.code == 0, done.err
    said = [" ".join(line.split()) for line in done.err.splitlines()]
    order = [
        "Container demo-db-1 Started",
        "Container demo-db-1 Waiting",
        "Container demo-db-1 Healthy",
        "Container demo-web-1 Starting",
        "Container demo-web-1 Started",
    ]
    assert [line for line in said if line in order] == order


def test_a_service_starts_when_its_dependency_has_done_its_work(compose: Compose) -> None:
    compose.write(dependent("migration", "service_completed_successfully"))
    done = compose.run("up", "-d", "web")
    assert done.code == 0, done.err
    said = [" ".join(line.split()) for line in done.err.splitlines()]
    assert said.index("Container demo-migration-1 Exited") < said.index(
        "Container demo-web-1 Starting"
    )
    assert compose.states() == {"demo-migration-1": "exited", "demo-web-1": "running"}


@pytest.mark.parametrize(
    ("on", "condition", "message"),
    [
        ("sick", "service_healthy", "dependency failed to start: container demo-sick-1 is unhealthy"),
        ("plain", "service_healthy",
            "dependency failed to start: container demo-plain-1 has no healthcheck configured"),
        ("crashed", "service_healthy", "dependency failed to start: container demo-crashed-1 exited (3)"),
        ("failing", "service_completed_successfully",
            'service "failing" didn\'t complete successfully: exit 3'),
    ],
)  # fmt: skip
def test_a_dependency_that_cannot_be_met_fails_at_once(
    compose: Compose, on: str, condition: str, message: str
) -> None:
    compose.write(dependent(on, condition))
    began = time.monotonic()
    done = compose.run("up", "-d", "web")
    assert time.monotonic() - began < 10
    assert done.code == 1
    assert done.err.splitlines()[-1] == message
    assert compose.states()["demo-web-1"] == "created"


def test_a_dependency_that_is_not_required_is_skipped_with_a_warning(compose: Compose) -> None:
    compose.write(dependent("failing", "service_completed_successfully", ", required: false"))
    done = compose.run("up", "-d", "web")
    assert done.code == 0, done.err
    assert (
        'Skipped: optional dependency "failing" didn\'t complete successfully: exit 3' in done.err
    )
    assert compose.states()["demo-web-1"] == "running"


def test_one_failure_ends_all_waits(compose: Compose) -> None:
    compose.write(
        dependent("db", "service_healthy")
        + "  other:\n    image: busybox\n    depends_on: {sick: {condition: service_healthy}}\n"
    )
    began = time.monotonic()
    done = compose.run("up", "-d")
    assert time.monotonic() - began < 10
    assert done.err.splitlines()[-1].endswith("container demo-sick-1 is unhealthy")


def test_start_waits_for_health_again(compose: Compose) -> None:
    compose.write(
        dependent("db", "service_healthy").replace("[CMD, test, -e, /tmp/ready]", "[CMD, 'true']")
    )
    compose("up", "-d", "web")
    compose("stop", "-t", "0")
    done = compose.run("start", "web")
    assert done.code == 0, done.err
    said = [" ".join(line.split()) for line in done.err.splitlines()]
    assert said.index("Container demo-db-1 Healthy") < said.index("Container demo-web-1 Starting")


def test_dependents_that_ask_for_it_restart_with_their_dependency(compose: Compose) -> None:
    compose.write(dependent("plain", "service_started", ", restart: true"))
    compose("up", "-d", "web")
    started = compose("exec", "-T", "web", "cat", "/proc/1/stat").split()[21]
    compose("restart", "-t", "0", "plain")
    assert compose("exec", "-T", "web", "cat", "/proc/1/stat").split()[21] != started
    started = compose("exec", "-T", "web", "cat", "/proc/1/stat").split()[21]
    compose("restart", "-t", "0", "--no-deps", "plain")
    assert compose("exec", "-T", "web", "cat", "/proc/1/stat").split()[21] == started


def test_wait_is_satisfied_by_health_by_running_and_by_work_done(compose: Compose) -> None:
    compose.write(
        SERVICES.replace("[CMD, test, -e, /tmp/ready]", "[CMD, 'true']").replace("exit 3", "exit 0")
        + "  web:\n    image: busybox\n    init: true\n    command: sleep 1000\n"
        "    depends_on: {migration: {condition: service_completed_successfully}}\n"
    )
    done = compose.run("up", "--wait", "db", "plain", "web", "failing")
    assert done.code == 0, done.err
    assert "demo-db-1  Healthy" in done.err
    assert "demo-plain-1  Healthy" in done.err
    assert "demo-migration-1  Exited" in done.err


def test_wait_fails_with_what_fails(compose: Compose) -> None:
    compose.write(SERVICES)
    assert (
        compose.run("up", "--wait", "sick").err.splitlines()[-1]
        == "container demo-sick-1 is unhealthy"
    )
    assert (
        compose.run("up", "--wait", "failing").err.splitlines()[-1]
        == "container demo-failing-1 exited (3)"
    )


def test_what_ends_in_its_first_moments_did_not_come_to_run(compose: Compose) -> None:
    compose.write(SERVICES.replace('sh -c "exit 3"', 'sh -c "sleep 0.2; exit 3"'))
    done = compose.run("up", "--wait", "failing")
    assert (done.code, done.err.splitlines()[-1]) == (1, "container demo-failing-1 exited (3)")


def test_wait_has_an_end(compose: Compose) -> None:
    compose.write(SERVICES)
    done = compose.run("up", "--wait", "--wait-timeout", "1", "db")
    assert (done.code, done.err.splitlines()[-1]) == (1, "application not healthy after 1s")
    assert compose.states() == {"demo-db-1": "running"}


def test_down_takes_dependents_first(compose: Compose) -> None:
    compose.write(dependent("plain", "service_started"))
    compose("up", "-d", "web")
    done = compose.run("down", "-t", "0")
    said = [" ".join(line.split()) for line in done.err.splitlines()]
    assert said.index("Container demo-web-1 Stopped") < said.index(
        "Container demo-plain-1 Stopping"
    )
    assert said[-2:] == ["Network demo_default Removing", "Network demo_default Removed"]
