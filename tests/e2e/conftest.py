"""The command line as a person types it: real ``pycompose``, real containers, in a network without a route out.

Image store and state directories are made once for all tests; what a test leaves in them, or on the machine, fails it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest

from tests.e2e import exceptions, machines
from tests.support import isolation
from tests.support.eventually import eventually

_IDLE = 25  # looks, half a second, without any use of the processor
HERE = Path(__file__).parent
COMMAND = Path(sys.executable).parent / "pycompose"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = []
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.kernel)
            if exceptions.reason(config.getoption("--engine"), item.path.stem, item.name):
                left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


class Done(NamedTuple):
    """What a command has left: exit code and text."""

    code: int
    out: str
    err: str


class Compose:
    """A project directory of one test, and the command run in it."""

    def __init__(self, directory: Path, environ: dict[str, str]) -> None:
        self.directory = directory
        self.environ = environ

    def write(self, text: str, name: str = "compose.yaml") -> Path:
        """Write a file of the project."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(
        self, *words: str, input: str | None = None, timeout: float = 60, **environ: str
    ) -> Done:
        """Run the command, whatever comes of it."""
        done = subprocess.run(
            [str(COMMAND), *words],
            cwd=self.directory,
            env={**self.environ, **environ},
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def __call__(self, *words: str, input: str | None = None, timeout: float = 60) -> str:
        """Run the command, which must succeed; its output."""
        done = self.run(*words, input=input, timeout=timeout)
        assert done.code == 0, f"{' '.join(words)}: {done.code}\n{done.out}\n{done.err}"
        return done.out

    def begin(self, *words: str, stdout: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start the command; the caller ends it."""
        return subprocess.Popen(
            [str(COMMAND), *words],
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    def engine(self, call: str) -> str:
        """What a call of the engine (an expression about ``engine``) prints."""
        opened = "import os; from compose.backends import open_engine; engine = open_engine(os.environ['PYCOMPOSE_ENGINE'])"
        done = subprocess.run(
            [sys.executable, "-c", f"{opened}; {call}"],
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    def containers(self) -> dict[str, dict[str, Any]]:
        """The state of every container of the project by name, as ``ps -a --format json`` prints it."""
        lines = self("ps", "-a", "--format", "json").splitlines()
        return {found["Name"]: found for found in map(json.loads, lines)}

    def ids(self) -> dict[str, str]:
        """Container ids by name."""
        return {name: found["ID"] for name, found in self.containers().items()}

    def states(self) -> dict[str, str]:
        """ "running", "exited" … by container name."""
        return {name: found["State"] for name, found in self.containers().items()}


@pytest.fixture(scope="session")
def machine(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[machines.Machine]:
    """What the commands run on: ``--engine`` says it."""
    assert os.geteuid() == 0, "the end-to-end tests need root"
    isolation.enter()
    found = machines.make(pytestconfig.getoption("--engine"), tmp_path_factory.mktemp("e2e"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def state(machine: machines.Machine) -> tuple[Path, Path]:
    """The state directories of the local engine: (PYCOMPOSE_ROOT, PYCOMPOSE_RUN)."""
    assert isinstance(machine, machines.Local), "this test is about the local engine"
    return machine.root, machine.run


@pytest.fixture(scope="module")
def default_network(machine: machines.Machine) -> None:
    """RUN steps of builds are on the default network, which is made when it is first needed, and stays: here it is there
    before a test begins, so that it is no trace of the test."""
    if isinstance(machine, machines.Local):
        machine.python("from engine import networks; networks.ensure(networks.default())")


@pytest.fixture
def compose(tmp_path: Path, machine: machines.Machine) -> Iterator[Compose]:
    """A project directory; afterwards the project is taken down and must have left no trace."""
    before = isolation.traces()
    directory = tmp_path / "demo"
    directory.mkdir()
    project = Compose(directory, dict(machine.environ))
    yield project
    for name in {"demo", *project("ls", "-a", "-q").split()}:
        project("-p", name, "down", "-v", "-t", "0", "--remove-orphans")
    remaining: list[str] = []

    def clean() -> bool:
        remaining[:] = machine.left(before)
        return not remaining

    try:
        eventually(clean, within=20)
    except AssertionError:
        machine.sweep()
        pytest.fail("left behind:\n  " + "\n  ".join(remaining))


def wait_for_output(process: subprocess.Popen[str], text: str, *, within: float = 20) -> str:
    """Read a running command's stdout until ``text`` has come; what was read."""
    assert process.stdout is not None
    deadline = time.monotonic() + within
    seen = ""
    while text not in seen:
        assert time.monotonic() < deadline, f"{text!r} did not come: {seen!r}"
        line = process.stdout.readline()
        assert line, f"{text!r} did not come before the end: {seen!r}"
        seen += line
    return seen


def wait_for_following(process: subprocess.Popen[str], count: int = 1) -> None:
    """Wait until a running command has begun to follow ``count`` things at least: it watches for files to change, or is
    connected to a daemon and does nothing but listen."""
    used: list[str] = []
    remote = b"PYCOMPOSE_ENGINE=docker" in Path(f"/proc/{process.pid}/environ").read_bytes()

    def follows() -> bool:
        directory = f"/proc/{process.pid}/fd"
        links = [os.readlink(f"{directory}/{fd}") for fd in os.listdir(directory)]
        used.append(" ".join(Path(f"/proc/{process.pid}/stat").read_text().split()[13:15]))
        listens = len(used) > _IDLE and len(set(used[-_IDLE:])) == 1
        connected = remote and any(link.startswith("socket:") for link in links)
        return links.count("anon_inode:inotify") >= count or (connected and listens)

    eventually(follows)
