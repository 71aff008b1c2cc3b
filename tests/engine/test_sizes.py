"""What a container or a volume may hold: kept where the file system has project quotas, refused in one line elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.local import LocalEngine
from schemas.errors import Unsupported
from tests.support import containers
from tests.support.containers import execute, output
from tests.support.eventually import eventually
from tests.support.proofs import proves

REFUSED = "quota size requested but no quota support"


@pytest.fixture
def kept(state: tuple[Path, Path], tmp_path: Path) -> Iterator[bool]:
    """Whether the state is on an ext4 of its own with project quotas: as far as this kernel has them."""
    root = state[0]
    root.mkdir()
    image = tmp_path / "ext4"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    make = ["mkfs.ext4", "-q", "-O", "quota,project", "-E", "quotatype=prjquota", str(image)]
    subprocess.run(make, check=True)
    attach = ["mount", "-o", "loop,prjquota", str(image), str(root)]
    mounted = subprocess.run(attach, capture_output=True, check=False).returncode == 0
    yield mounted
    if mounted:
        subprocess.run(["umount", str(root)], check=True)


def fill(path: str, megabytes: int) -> str:
    """A script that says whether so much fits."""
    return f"dd if=/dev/zero of={path} bs=1M count={megabytes} 2>/dev/null; echo $?"


@proves("services.storage_opt")
def test_a_container_writes_no_more_than_its_size(kept: bool, engine: LocalEngine) -> None:
    limit = {"size": "8m"}
    if not kept:
        with pytest.raises(Unsupported, match=REFUSED):
            containers.make(engine, "limited", "true", storage_opt=limit)
        return
    script = f"{fill('/big', 12)}; rm /big; {fill('/small', 4)}; sleep 1000"
    containers.start(engine, "limited", script, storage_opt=limit)
    assert eventually(lambda: len(output(engine, "limited")) == 2)
    assert output(engine, "limited") == ["1", "0"]
    # It is kept from run to run, and is nobody else's.
    engine.restart("limited", timeout=0)
    eventually(lambda: len(output(engine, "limited")) == 4)
    done = execute(engine, "limited", "sh", "-c", fill("/further", 6))
    assert done.out.strip() == b"1"
    containers.start(engine, "free", "sleep 1000")
    assert execute(engine, "free", "sh", "-c", fill("/big", 12)).out.strip() == b"0"


def test_a_volume_holds_no_more_than_its_size(kept: bool, engine: LocalEngine) -> None:
    options = {"size": "8m"}
    if not kept:
        with pytest.raises(Unsupported, match=REFUSED):
            engine.create_volume({"name": "limited", "driver_opts": options})
        return
    engine.create_volume({"name": "limited", "driver_opts": options})
    mounts = [{"type": "volume", "source": "limited", "target": "/data"}]
    containers.start(engine, "one", "sleep 1000", mounts=mounts)
    assert execute(engine, "one", "sh", "-c", fill("/data/big", 12)).out.strip() == b"1"
    assert execute(engine, "one", "sh", "-c", fill("/elsewhere", 12)).out.strip() == b"0"
