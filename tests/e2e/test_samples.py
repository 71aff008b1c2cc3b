"""The stacks in ``samples``, as their reader brings them up."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose, wait_for_following, wait_for_output
from tests.support import debian

SAMPLES = Path(__file__).parents[2] / "samples"


def _take(compose: Compose, name: str) -> None:
    shutil.copytree(SAMPLES / name, compose.directory, dirs_exist_ok=True)


def _address(compose: Compose, service: str, port: int) -> str:
    _, _, number = compose("port", service, str(port)).strip().rpartition(":")
    return f"http://127.0.0.1:{number}/"


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def _sign(compose: Compose, name: str, text: str) -> None:
    form = urllib.parse.urlencode({"name": name, "text": text}).encode()
    urllib.request.urlopen(_address(compose, "web", 8080), data=form, timeout=10).close()


def test_what_was_written_to_the_guestbook_is_there_after_down_and_up(compose: Compose) -> None:
    _take(compose, "guestbook")
    compose("up", "-d", "--wait")
    _sign(compose, "Ada", "was here first")
    assert "was here first" in _get(_address(compose, "web", 8080))
    compose("down")
    assert compose.states() == {}
    compose("up", "-d", "--wait")
    assert "was here first" in _get(_address(compose, "web", 8080))


def test_the_file_for_a_swarm_runs_here_too(compose: Compose) -> None:
    _take(compose, "swarm")
    compose.environ["KEY"] = "secret"
    compose("up", "-d", "--wait")
    running = [name for name, state in compose.states().items() if state == "running"]
    assert len(running) == 6 + 1 + 1
    assert compose("exec", "-T", "api", "cat", "/run/secrets/key") == "secret"
    with compose.begin("logs", "-f", "agent") as follower:
        wait_for_output(follower, "answers 6")
        follower.kill()


def test_logs_follow_all_three_services_of_the_guestbook(compose: Compose) -> None:
    _take(compose, "guestbook")
    compose("up", "-d", "--wait")
    follower = compose.begin("logs", "-f", "--tail", "0")
    try:
        wait_for_following(follower, 3)
        _sign(compose, "Ada", "three words here")
        seen = ""
        while not all(f"{service}-1" in seen for service in ("api", "web", "worker")):
            seen += wait_for_output(follower, "\n")
    finally:
        follower.terminate()
        follower.communicate(timeout=10)


@pytest.mark.timeout(180)
def test_real_redis_and_nginx_with_replicas_behind_it_and_data_that_stays(compose: Compose) -> None:
    compose("image", "import", str(debian.archive()), "debian-services:bookworm", timeout=120)
    _take(compose, "shop")
    compose("up", "-d", "--wait")
    url = _address(compose, "front", 80)
    answers = [json.loads(_get(url)) for _ in range(9)]
    assert [answer["visits"] for answer in answers] == list(range(1, 10))
    assert len({answer["replica"] for answer in answers}) == 3, "nginx found all replicas by name"
    compose("down")
    compose("up", "-d", "--wait")
    assert json.loads(_get(_address(compose, "front", 80)))["visits"] == 10
    assert compose("exec", "-T", "redis", "redis-cli", "get", "visits") == "10\n"
    outside = compose.run(
        "exec",
        "-T",
        "redis",
        "python3",
        "-c",
        "import socket; socket.create_connection(('192.0.2.1', 80), 2)",
    )
    assert "unreachable" in outside.err.lower(), "an internal network has no way out"
    compose("down", "-v")
    compose("up", "-d", "--wait")
    assert json.loads(_get(_address(compose, "front", 80)))["visits"] == 1
