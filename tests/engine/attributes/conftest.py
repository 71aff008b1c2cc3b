"""A module's table of cases as one project: all services come up at once, and each case reads what its own has said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.support import isolation
from tests.support.eventually import eventually
from tests.support.proofs import Case

_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``test_case`` of a module runs once for each of its cases."""
    if "case" in metafunc.fixturenames:
        cases = metafunc.module.CASES
        metafunc.parametrize("case", cases, ids=[case.name for case in cases])


def project(cases: tuple[Case, ...]) -> str:
    """The Compose file with a service for each case."""
    text = "services:\n"
    for case in cases:
        text += f"  {case.name}:\n    image: pycompose/host\n"
        if "network" not in case.body:
            text += "    network_mode: none\n"
        if "command:" not in case.body:
            text += "    command:\n    - sh\n    - -c\n    - |\n"
            text += "".join(
                f"      {line.replace('$', '$$')}\n" for line in case.script.splitlines()
            )
        text += "".join(f"    {line}\n" for line in case.body.splitlines())
    return text + "\n".join(case.beside for case in cases if case.beside)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, private_namespaces: None) -> Iterator[Compose]:
    """An empty project with state directories of its own; what is left of it afterwards fails."""
    base = tmp_path_factory.mktemp("attributes")
    root, run = base / "lib", base / "run"
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environ |= {"PYCOMPOSE_ROOT": str(root), "PYCOMPOSE_RUN": str(run)}
    directory = base / "table"
    directory.mkdir()
    before = isolation.traces()
    compose = Compose(directory, environ)
    yield compose
    compose("-p", "table", "down", "-v", "-t", "0", "--remove-orphans")
    left: list[str] = []

    def clean() -> bool:
        left[:] = isolation.leaks(before, root, run)
        return not left

    try:
        eventually(clean, within=20)
    except AssertionError:
        pytest.fail("left behind:\n  " + "\n  ".join(left))


@pytest.fixture(scope="module")
def said(request: pytest.FixtureRequest, place: Compose) -> dict[str, str]:
    """What each case's container has written, by case; all have ended."""
    cases = request.module.CASES
    place.write(project(cases))
    place("up", timeout=120)
    return {
        case.name: place("logs", "--no-log-prefix", "--no-color", case.name).strip()
        for case in cases
    }


Inside = Callable[..., str]


@pytest.fixture(scope="module")
def inside(request: pytest.FixtureRequest, place: Compose) -> Inside:
    """The module's ``PROJECT`` is up: what a shell command in the container of a service prints."""
    place.write(request.module.PROJECT)
    place("up", "-d", timeout=120)

    def run(service: str, script: str, *, code: int | None = 0) -> str:
        done = place.run("exec", "-T", service, "sh", "-c", script)
        assert code is None or done.code == code, f"{service}: {script}: {done}"
        return done.out.strip()

    return run


def verify(case: Case, said: dict[str, str]) -> None:
    """The case's container has said what it must."""
    found = said[case.name]
    wanted = case.says
    if case.v2 is not None and Path("/sys/fs/cgroup/cgroup.controllers").exists():
        wanted = case.v2
    if callable(wanted):
        assert wanted(found), f"{case.body}: {found}"
    else:
        assert found == wanted, case.body
