"""SIGKILL of the command or of a shim at any moment: the next command converges, and ``down -v`` leaves nothing."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.e2e.machines import Docker, Local, Machine
from tests.support.eventually import eventually

MOMENTS = {Local: 50, Docker: 6}
STACK = """
services:
  web:
    image: busybox
    command: [sleep, "1000"]
    stop_grace_period: 0s
    init: true
    ports: ["127.0.0.1::80"]
    networks: [front, back]
    depends_on: {data: {condition: service_healthy}}
  data:
    image: busybox
    command: [sleep, "1000"]
    stop_grace_period: 0s
    volumes: ["kept:/data", "/anonymous"]
    healthcheck: {test: [CMD, "true"], interval: 100ms}
    networks: [back]
  idle:
    image: busybox
    command: [sleep, "1000"]
    stop_grace_period: 0s
    deploy: {replicas: 2}
networks: {front: , back: {internal: true}}
volumes: {kept: }
"""
# By service: a container that a killed command did not come to make leaves a gap in the numbers, as with Docker Compose.
RUNNING = ["data running", "idle running", "idle running", "web running"]


def _duration(compose: Compose, *words: str) -> float:
    began = time.monotonic()
    compose(*words)
    return time.monotonic() - began


def _kill_at(compose: Compose, moment: float, *words: str) -> None:
    process = compose.begin(*words)
    time.sleep(moment)
    process.kill()
    process.wait()
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def _services(compose: Compose) -> list[str]:
    return sorted(f"{name.split('-')[1]} {state}" for name, state in compose.states().items())


def _shims() -> list[int]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            title = (directory / "cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"pycompose-shim demo-"):
            found.append(int(directory.name))
    return found


def _kill_shims() -> None:
    for pid in _shims():
        with suppress(
            ProcessLookupError
        ):  # one that had just ended, or a child of one on its way to a health check
            os.kill(pid, signal.SIGKILL)


@pytest.mark.timeout(300)
def test_a_killed_command_is_continued_by_the_next(compose: Compose, machine: Machine) -> None:
    compose.write(STACK)
    up = _duration(compose, "up", "-d")
    down = _duration(compose, "down", "-v")
    chance = random.Random(20261125)
    for _ in range(MOMENTS[type(machine)] // 2):
        _kill_at(compose, chance.uniform(0, up), "up", "-d")
        compose("up", "-d")
        assert _services(compose) == RUNNING
        _kill_at(compose, chance.uniform(0, down), "down", "-v")
        if chance.random() < 0.5:
            if isinstance(machine, Docker):
                # A daemon goes on with what it was told, and says of none of it that it is about to come.
                eventually(
                    lambda: compose.run("up", "-d").code == 0 and _services(compose) == RUNNING
                )
            else:
                compose("up", "-d")
                assert _services(compose) == RUNNING
        compose("down", "-v")
        assert compose.states() == {}


@pytest.mark.timeout(180)
def test_a_killed_shim_is_replaced_by_the_next_command(compose: Compose) -> None:
    compose.write(STACK)
    compose("up", "-d")
    ids = compose.ids()
    for _ in range(3):
        _kill_shims()
        compose("up", "-d")
        assert _services(compose) == RUNNING
        assert compose.ids() == ids, "the containers went on, nothing was made anew"
        eventually(lambda: len(_shims()) == len(RUNNING))
        assert compose("exec", "-T", "web", "echo", "there") == "there\n"


@pytest.mark.timeout(180)
def test_shims_killed_while_containers_start_leave_nothing(compose: Compose) -> None:
    compose.write(STACK)
    chance = random.Random(7)
    for _ in range(8):
        process = compose.begin("up", "-d")
        time.sleep(chance.uniform(0.05, 0.4))
        _kill_shims()
        process.communicate(timeout=60)
        compose("up", "-d")
        assert _services(compose) == RUNNING
        compose("down", "-v")
