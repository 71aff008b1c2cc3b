"""A Swarm of three real daemons, made by ``pycompose swarm`` itself, in namespaces without a route out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support import isolation
from tests.support.eventually import eventually
from tests.support.swarm import Node, Swarm

HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "samples/swarm"
COMMAND = Path(sys.executable).parent / "pycompose"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kernel)
            item.add_marker(pytest.mark.timeout(400))  # the sum of what a test may wait for


class Done(NamedTuple):
    """What a command has left."""

    code: int
    out: str
    err: str


class Stack:
    """A project on the Swarm, and the command run on it."""

    def __init__(self, swarm: Swarm, directory: Path, **environ: str) -> None:
        self.swarm = swarm
        self.directory = directory
        self.environ = environ

    def write(self, text: str, name: str = "compose.yaml") -> None:
        (self.directory / name).write_text(text)

    def run(self, *words: str, engine: str = "swarm", timeout: float = 90, **environ: str) -> Done:
        """Run the command, whatever comes of it."""
        return command(
            self.swarm.manager, *words, cwd=self.directory, timeout=timeout, PYCOMPOSE_ENGINE=engine,
            **{**self.environ, **environ},
        )  # fmt: skip

    def __call__(self, *words: str, timeout: float = 90, **environ: str) -> str:
        """Run the command, which must succeed; its output."""
        done = self.run(*words, timeout=timeout, **environ)
        assert done.code == 0, f"{' '.join(words)}: {done.code}\n{done.out}\n{done.err}"
        return done.out

    def tasks(self, *words: str) -> list[dict[str, Any]]:
        """What ``ps`` says."""
        return [json.loads(line) for line in self("ps", "--format", "json", *words).splitlines()]

    def docker(self, *words: str) -> str:
        """docker's own client on the manager."""
        return self.swarm.manager.docker(*words).stdout

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the command; the caller ends it."""
        return subprocess.Popen(
            [str(COMMAND), "--engine", "swarm", *words],
            cwd=self.directory,
            env=environment(self.swarm.manager),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def left_of(self, project: str) -> list[str]:
        """Everything of a project that the Swarm and its nodes still have."""
        found = []
        label = ("--filter", f"label=com.docker.stack.namespace={project}")
        for kind in ("service", "network", "secret", "config"):
            found += [f"{kind} {id}" for id in self.docker(kind, "ls", "-q", *label).split()]
        for node in self.swarm.nodes:
            ids = node.docker("ps", "-aq", *label).stdout.split()
            found += [f"container {id} on {node.name}" for id in ids]
        return found


def environment(node: Node) -> dict[str, str]:
    """The environment in which the command finds a node's daemon."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(node.base),
        "DOCKER_HOST": node.url,
        "PYCOMPOSE_ROOT": str(node.base / "lib"),
        "PYCOMPOSE_RUN": str(node.base / "run"),
    }


def command(node: Node, *words: str, cwd: Path, timeout: float = 90, **environ: str) -> Done:
    """pycompose with a node's daemon."""
    done = subprocess.run(
        [str(COMMAND), *words],
        cwd=cwd,
        env={**environment(node), **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """Three nodes: a manager and two workers."""
    assert os.geteuid() == 0, "the tests of the Swarm engine need root"
    isolation.enter()
    base = tmp_path_factory.mktemp("swarm")
    found = Swarm(base / "nodes")
    try:
        _gather(found, base)
        yield found
    finally:
        found.close()


def _gather(swarm: Swarm, cwd: Path) -> None:
    """Make one Swarm of the nodes."""

    def told(node: Node, *words: str) -> str:
        done = command(node, "swarm", *words, cwd=cwd)
        assert done.code == 0, done.err
        return done.out

    manager = swarm.manager
    done = command(manager, "--engine", "swarm", "ps", "-q", cwd=cwd, COMPOSE_PROJECT_NAME="x")
    assert (done.code, "not part of a Swarm" in done.err) == (1, True), done
    assert "pycompose swarm join --token" in told(
        manager, "init", "--advertise-addr", manager.address
    )
    token = told(manager, "join-token", "-q", "worker").strip()
    for node in swarm.nodes[1:]:
        assert "worker" in told(node, "join", "--token", token, f"{manager.address}:2377")
    lines = told(manager, "nodes", "--format", "json").splitlines()
    nodes = {each["Hostname"]: each for each in map(json.loads, lines)}
    assert sorted(nodes) == ["node1", "node2", "node3"]
    assert [nodes[name]["Role"] for name in sorted(nodes)] == ["leader", "worker", "worker"]


@pytest.fixture(scope="session")
def fleet(swarm: Swarm) -> Iterator[Stack]:
    """samples/swarm, brought up; afterwards it must leave nothing."""
    stack = Stack(swarm, SAMPLE, KEY="first", RELEASE="1")
    stack("up", "-d")
    yield stack
    stack("down")
    # The nodes remove containers on their own, a moment after their tasks are gone.
    eventually(lambda: not stack.left_of("fleet"), within=60)


@pytest.fixture
def stack(swarm: Swarm, tmp_path: Path) -> Iterator[Stack]:
    """A project directory; afterwards the project is taken down."""
    directory = tmp_path / "small"
    directory.mkdir()
    found = Stack(swarm, directory)
    yield found
    found("down", "-v")
