"""SIGKILL in the middle of a build: what ran ends, the next build converges, and nothing of the first one stays."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.support import isolation
from tests.support.eventually import eventually

pytestmark = pytest.mark.usefixtures("default_network")
MOMENTS = 6
FILE = """FROM busybox AS side
RUN sleep 0.1; echo side {0} > /side
FROM busybox
COPY big /big
RUN echo one {0} > /one && sleep 0.1
RUN --mount=type=cache,target=/c echo two >> /c/n && cp /one /two
RUN --mount=source=big,target=/m,rw echo x > /m && sync
COPY --link --from=side /side /
"""


def write(compose: Compose, mark: object) -> None:
    compose.write("services: {web: {build: ., command: cat /one /two /side}}\n")
    compose.write(FILE.format(mark), "Dockerfile")
    compose.write("x" * (3 << 20), "big")


def left(compose: Compose) -> list[str]:
    """What builds keep only while they run."""
    root = Path(compose.environ["PYCOMPOSE_ROOT"])
    run = Path(compose.environ["PYCOMPOSE_RUN"])
    return [
        str(path) for directory in (root / "tmp", run / "build") for path in directory.glob("*")
    ]


def end(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    process.wait(20)
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def test_a_build_killed_at_any_moment_is_done_by_the_next_one(compose: Compose) -> None:
    write(compose, "whole")
    began = time.monotonic()
    compose("build")
    whole = time.monotonic() - began
    before = isolation.traces()
    chance = random.Random(7)
    for number in range(MOMENTS):
        mark = f"{number}-{chance.random()}"
        write(compose, mark)
        process = compose.begin("build")
        time.sleep(whole * (number + chance.random()) / MOMENTS)
        end(process, signal.SIGKILL)
        eventually(lambda: not isolation.traces().processes - before.processes, within=10)
        compose("build")
        expected = f"one {mark}\none {mark}\nside {mark}\n"
        assert compose("run", "--rm", "-T", "web") == expected
        assert left(compose) == []


def test_what_a_step_runs_ends_with_the_command(compose: Compose) -> None:
    step = "FROM busybox\\nRUN sleep 1000"
    compose.write(f'services: {{web: {{build: {{dockerfile_inline: "{step}"}}}}}}\n')
    before = isolation.traces()
    for number in (signal.SIGKILL, signal.SIGINT):
        process = compose.begin("build")
        eventually(lambda: len(isolation.traces().processes - before.processes) > 1, within=20)
        time.sleep(0.3)
        end(process, number)
        eventually(lambda: not isolation.traces().processes - before.processes, within=10)
    compose.write("services: {web: {build: {dockerfile_inline: FROM busybox}}}\n")
    compose("build")
    assert left(compose) == []
