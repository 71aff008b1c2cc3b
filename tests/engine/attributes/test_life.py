"""How a service starts, is stopped, starts again and is found healthy: seen in what its container does and in when."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest

from tests.e2e.conftest import Compose
from tests.support.eventually import eventually
from tests.support.proofs import proves

HEAD = "services:\n  one:\n    image: pycompose/host\n    network_mode: none\n"


def up(place: Compose, body: str, script: str, *words: str) -> None:
    """Bring up one service that runs ``script``."""
    text = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    text += "    command:\n    - sh\n    - -c\n    - |\n"
    place.write(
        text + "".join(f"      {line.replace('$', '$$')}\n" for line in script.splitlines())
    )
    place("up", "-d", "--force-recreate", "-t", "0", *words)


def lines(place: Compose) -> list[str]:
    return place("logs", "--no-log-prefix", "one").splitlines()


def inspect(place: Compose) -> Any:
    (found,) = (json.loads(place("ps", "-a", "--format", "json").splitlines()[0]),)
    return found


def ended(place: Compose) -> bool:
    return inspect(place)["State"] == "exited"


@proves(
    "services.deploy.restart_policy.condition",
    "services.deploy.restart_policy.max_attempts",
    "services.deploy.restart_policy.delay",
)
def test_a_policy_of_deploy_restarts_so_often_and_after_so_long(place: Compose) -> None:
    body = "deploy:\n  restart_policy: {condition: any, max_attempts: 2, delay: 300ms}"
    up(place, body, "date +%s%N; exit 0")
    eventually(lambda: ended(place) and len(lines(place)) == 3)
    times = [int(line) / 1e9 for line in lines(place)]
    assert all(later - earlier >= 0.3 for earlier, later in itertools.pairwise(times))


@proves("services.deploy.restart_policy.window")
def test_a_run_as_long_as_the_window_makes_attempts_count_anew(place: Compose) -> None:
    body = "deploy:\n  restart_policy: {condition: on-failure, max_attempts: 1, delay: 10ms, window: 1500ms}"
    # The second run is a success by its length, so that there is a third and a fourth.
    script = "n=$(cat /n 2>/dev/null || echo 0); n=$((n+1)); echo $n > /n; echo run $n; [ $n = 2 ] && sleep 2; exit 1"
    up(place, body, script)
    eventually(lambda: ended(place) and len(lines(place)) == 3)
    assert lines(place) == ["run 1", "run 2", "run 3"]


@proves("services.restart")
@pytest.mark.parametrize(
    ("policy", "code", "runs"), [("'no'", 1, 1), ("on-failure:2", 1, 3), ("on-failure:2", 0, 1)]
)
def test_a_policy_of_the_service_restarts_so_often(
    place: Compose, policy: str, code: int, runs: int
) -> None:
    up(place, f"restart: {policy}", f"echo run; exit {code}")
    eventually(lambda: ended(place))
    assert lines(place) == ["run"] * runs


@proves("services.stop_signal", "services.stop_grace_period")
def test_the_signal_asked_for_comes_and_the_grace_is_kept(place: Compose) -> None:
    body = "stop_signal: SIGUSR2\nstop_grace_period: 2s"
    up(
        place,
        body,
        "trap 'echo got it' USR2; trap 'echo wrong' TERM; echo ready; while :; do sleep 0.05; done",
    )
    eventually(lambda: lines(place) == ["ready"])
    began = time.monotonic()
    place("stop")
    assert time.monotonic() - began >= 2.0
    assert lines(place) == ["ready", "got it"]
    assert inspect(place)["ExitCode"] == 137


@proves(
    "services.healthcheck.interval", "services.healthcheck.retries", "services.healthcheck.test"
)
def test_it_is_unhealthy_after_so_many_failures_at_such_intervals(place: Compose) -> None:
    check = "healthcheck:\n  test: date +%s%N >> /times; false\n  interval: 200ms\n  retries: 3"
    up(place, check, "exec sleep 100")
    eventually(lambda: inspect(place)["Health"] == "unhealthy")
    times = [int(line) / 1e9 for line in place("exec", "-T", "one", "cat", "/times").split()]
    assert len(times) >= 3
    assert times[2] - times[0] >= 0.39


@proves("services.healthcheck.start_period", "services.healthcheck.start_interval")
def test_failures_while_it_starts_do_not_count_and_are_looked_for_more_often(
    place: Compose,
) -> None:
    check = (
        "healthcheck:\n  test: echo >> /probes; test -e /ok\n  interval: 1h\n  retries: 1\n"
        "  start_period: 30s\n  start_interval: 50ms"
    )
    up(place, check, "exec sleep 100")
    eventually(lambda: int(place("exec", "-T", "one", "sh", "-c", "wc -l < /probes")) >= 3)
    assert inspect(place)["Health"] == "starting"
    place("exec", "-T", "one", "touch", "/ok")
    eventually(lambda: inspect(place)["Health"] == "healthy")


@proves("services.healthcheck.timeout")
def test_a_check_that_takes_too_long_is_a_failure(place: Compose) -> None:
    check = "healthcheck:\n  test: sleep 100\n  interval: 50ms\n  timeout: 100ms\n  retries: 1"
    up(place, check, "exec sleep 100")
    eventually(lambda: inspect(place)["Health"] == "unhealthy")


@proves("services.healthcheck.disable")
def test_a_check_that_is_switched_off_does_not_run(place: Compose) -> None:
    up(place, "healthcheck: {test: touch /probed, interval: 20ms, disable: true}", "exec sleep 100")
    time.sleep(0.2)
    assert inspect(place)["Health"] == ""
    assert place.run("exec", "-T", "one", "test", "-e", "/probed").code == 1


def test_what_turns_unhealthy_is_started_anew_when_that_is_asked_for(place: Compose) -> None:
    check = "healthcheck:\n  test: test ! -e /ill\n  interval: 50ms\n  retries: 1\n  x-restart: true\nstop_grace_period: 1s"
    up(
        place,
        check,
        "trap 'rm -f /ill; echo asked to end; exit 0' TERM; echo run; while :; do sleep 0.05; done",
    )
    eventually(lambda: inspect(place)["Health"] == "healthy")
    eventually(lambda: lines(place) == ["run"])
    place("exec", "-T", "one", "touch", "/ill")
    eventually(lambda: lines(place) == ["run", "asked to end", "run"])
    eventually(lambda: inspect(place)["Health"] == "healthy")
    place("stop", "-t", "1")
    assert inspect(place)["State"] == "exited"


@proves(
    "services.labels",
    "services.container_name",
    "services.image",
    "services.deploy.replicas",
    "services.label_file",
)
def test_names_labels_and_replicas_are_the_containers(place: Compose) -> None:
    place.write("from.file=yes\n", "labels.txt")
    up(
        place,
        "labels: {tier: front}\nlabel_file: labels.txt\ncontainer_name: known-by-name",
        "exec sleep 100",
    )
    found = inspect(place)
    assert found["Name"] == "known-by-name"
    assert {"tier=front", "from.file=yes"} <= {*found["Labels"].split(",")}
    assert found["Image"] == "pycompose/host"
    up(place, "deploy: {replicas: 2}", "exec sleep 100")
    names = sorted(
        json.loads(line)["Name"] for line in place("ps", "--format", "json").splitlines()
    )
    assert names == ["table-one-1", "table-one-2"]


@proves("services.env_file.path", "services.env_file.format", "services.env_file.required")
def test_variables_of_files_are_the_containers(place: Compose) -> None:
    place.write("A='quoted $${B:-c}'\n", "first.env")
    place.write("RAW='kept $X'\n", "raw.env")
    body = "env_file:\n- path: first.env\n- {path: raw.env, format: raw}\n- {path: missing.env, required: false}"
    up(place, body, "env | grep -E '^(A|RAW)=' | sort")
    eventually(lambda: ended(place))
    assert lines(place)[1] == "RAW='kept $X'"
