"""Every kernel test runs in namespaces of its own, on state directories of its own, and must leave nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import isolation
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from engine.local import LocalEngine

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="session", autouse=True)
def private_namespaces() -> None:
    """Where the kernel or root is missing this fails, and so does every test: a skipped test proves nothing."""
    assert os.geteuid() == 0, "the kernel tests need root"
    isolation.enter()


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Empty state directories: (PYCOMPOSE_ROOT, PYCOMPOSE_RUN)."""
    root, run = tmp_path / "lib", tmp_path / "run"
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(root))
    monkeypatch.setenv("PYCOMPOSE_RUN", str(run))
    return root, run


@pytest.fixture
def no_leaks(state: tuple[Path, Path]) -> Iterator[None]:
    """Fail the test when it leaves a mount, link, nft element, process, cgroup or file."""
    before = isolation.traces()
    yield
    # A veth and a cgroup go a moment after the namespace and the process that held them.
    remaining: list[str] = []

    def clean() -> bool:
        remaining[:] = isolation.leaks(before, *state)
        return not remaining

    try:
        eventually(clean, within=20)
    except AssertionError:
        pytest.fail("left behind:\n  " + "\n  ".join(remaining))


@pytest.fixture
def engine(no_leaks: None) -> Iterator[LocalEngine]:
    """A local engine on empty state; afterwards all its objects are removed, which must remove every trace."""
    from engine.local import LocalEngine

    local = LocalEngine()
    try:
        yield local
        for container in local.containers():
            local.remove(container.id, force=True, volumes=True)
        for network in local.networks():
            if network.driver == "bridge":
                local.remove_network(network.id)
        for volume in local.volumes():
            local.remove_volume(volume.name)
    finally:
        local.close()
