"""Every test here runs on the local engine and on a real Docker daemon, in namespaces without a route out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import dockerd, images, isolation
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from schemas.engine import Engine

HERE = Path(__file__).parent
ENGINES = ("local", "docker")
_FURNITURE = ("bridge", "host", "none")  # networks that a daemon always has


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.kernel)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of everything the engines keep."""
    assert os.geteuid() == 0, "the contract tests need root"
    isolation.enter()
    return tmp_path_factory.mktemp("contract")


@pytest.fixture(scope="session")
def archive(place: Path) -> Path:
    return images.write_busybox(place / "busybox.tar")


@pytest.fixture(scope="session")
def daemon(place: Path) -> Iterator[dockerd.Daemon]:
    found = dockerd.Daemon(place / "dockerd")
    try:
        found.start()
        yield found
    finally:
        found.stop()
    eventually(lambda: not dockerd.processes(found.base))


@pytest.fixture(scope="session", params=ENGINES)
def whole(request: pytest.FixtureRequest, place: Path, archive: Path) -> Iterator[Engine]:
    """An engine with the busybox image."""
    found: Engine
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "docker":
            from compose.backends.docker.client import Client
            from compose.backends.docker.engine import DockerEngine

            daemon: dockerd.Daemon = request.getfixturevalue("daemon")
            found = DockerEngine(Client({**os.environ, **daemon.environ}))
        else:
            from engine.local import LocalEngine

            patch.setenv("PYCOMPOSE_ROOT", str(place / "lib"))
            patch.setenv("PYCOMPOSE_RUN", str(place / "run"))
            found = LocalEngine()
        found.load_images(str(archive), sink=lambda progress: None)
        yield found
        found.close()


@pytest.fixture
def engine(whole: Engine) -> Iterator[Engine]:
    """The engine; what a test makes is removed afterwards, and must be gone then."""
    before = isolation.traces()
    yield whole
    for container in whole.containers():
        whole.remove(container.id, force=True, volumes=True)
    for network in whole.networks():
        if network.name not in _FURNITURE:
            whole.remove_network(network.id)
    for volume in whole.volumes():
        whole.remove_volume(volume.name)
    # A daemon starts and ends helpers of its own whenever it likes: links and mounts tell of containers.
    eventually(lambda: isolation.traces().links <= before.links | {"docker0"}, within=20)
    eventually(lambda: isolation.traces().mounts <= before.mounts, within=20)
