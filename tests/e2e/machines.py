"""What the end-to-end tests run on: the local engine, or a Docker daemon that is started for them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.support import dockerd, images, isolation
from tests.support.eventually import eventually

_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH")
_FURNITURE = ("bridge", "host", "none")
# Remove everything, so that one test's rest is not the next one's trouble.
_SWEEP = """
import os
from compose.backends import open_engine
engine = open_engine(os.environ["PYCOMPOSE_ENGINE"])
for container in engine.containers():
    engine.remove(container.id, force=True, volumes=True)
for network in engine.networks():
    if network.name not in ("bridge", "host", "none"):
        engine.remove_network(network.id)
for volume in engine.volumes():
    engine.remove_volume(volume.name)
"""


class Machine:
    """The busybox image is there. ``environ`` is the command's."""

    def __init__(self, base: Path, engine: str, environ: dict[str, str]) -> None:
        self.base = base
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.environ = {**kept, "PYCOMPOSE_ENGINE": engine, **environ}

    def python(self, code: str) -> str:
        """Run Python with the command's environment; what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=self.environ,
            check=True,
            timeout=60,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def load(self, archive: Path) -> None:
        self.python(
            "import os; from compose.backends import open_engine;"
            f"open_engine(os.environ['PYCOMPOSE_ENGINE']).load_images({str(archive)!r}, sink=print)"
        )

    def sweep(self) -> None:
        """Remove all containers, networks and volumes."""
        subprocess.run([sys.executable, "-c", _SWEEP], env=self.environ, check=False, timeout=60)

    def left(self, before: isolation.Traces) -> list[str]:
        """What a test has left behind."""
        raise NotImplementedError

    def close(self) -> None:
        """End what was started for the tests."""


class Local(Machine):
    """The engine of this machine, on directories of its own."""

    def __init__(self, base: Path) -> None:
        self.root, self.run = base / "lib", base / "run"
        super().__init__(
            base, "local", {"PYCOMPOSE_ROOT": str(self.root), "PYCOMPOSE_RUN": str(self.run)}
        )

    def left(self, before: isolation.Traces) -> list[str]:
        return [*isolation.leaks(before, self.root, self.run), *self._rows()]

    def _rows(self) -> list[str]:
        """What the database still knows of containers, networks and volumes."""
        with closing(sqlite3.connect(self.root / "state.db")) as database:
            return [
                f"{table}: {name}"
                for table in ("containers", "networks", "volumes")
                for (name,) in database.execute(
                    f"SELECT name FROM {table} WHERE name NOT IN ('bridge')"
                )
            ]


class Docker(Machine):
    """A daemon that runs as long as the tests."""

    def __init__(self, base: Path) -> None:
        self.daemon = dockerd.Daemon(base / "dockerd")
        self.daemon.start()
        super().__init__(base, "docker", self.daemon.environ)

    def left(self, before: isolation.Traces) -> list[str]:
        found = isolation.traces()
        # Processes come and go with the daemon, which keeps threads and helpers for later.
        shims = [text for text in dockerd.processes(self.daemon.base) if "containerd-shim" in text]
        # Mounts are its own: the root of a container that was exported stays mounted until it ends.
        return [
            *(f"link: {item}" for item in found.links - before.links - {"docker0"}),
            *(f"process: {text}" for text in shims),
            *self._objects(),
        ]

    def close(self) -> None:
        self.daemon.stop()
        eventually(lambda: not dockerd.processes(self.daemon.base))

    def _objects(self) -> list[str]:
        docker = self.daemon.docker
        networks = docker("network", "ls", "--format", "{{.Name}}").split()
        return [
            *(f"container: {name}" for name in docker("ps", "-aq").split()),
            *(f"network: {name}" for name in networks if name not in _FURNITURE),
            *(f"volume: {name}" for name in docker("volume", "ls", "-q").split()),
        ]


def make(engine: str, base: Path) -> Machine:
    """The machine of an engine, with the busybox image."""
    found = Docker(base) if engine == "docker" else Local(base)
    try:
        found.load(images.write_busybox(base / "busybox.tar"))
    except BaseException:
        found.close()
        raise
    return found
