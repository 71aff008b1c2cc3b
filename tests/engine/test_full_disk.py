"""A disk without a byte left: a build says so and leaves nothing, and what is not used can still be taken away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from compose.ops import pruning
from engine import images
from engine.kernel import mount
from engine.state import db
from schemas.errors import BuildFailed, EngineError
from tests.support.images import CONFIG, busybox_layer, docker_archive, member, tar
from tests.support.store import rubbish

if TYPE_CHECKING:
    from engine.local import LocalEngine

NOTHING = pruning.PruneFilters()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_leaks: None) -> Iterator[Path]:
    """A small one for the store."""
    place = tmp_path / "disk"
    place.mkdir()
    mount.mount("tmpfs", str(place), "tmpfs", 0, "size=24m")
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(place / "lib"))
    yield place
    db.close()
    mount.umount(str(place))


@pytest.fixture
def local(disk: Path) -> Iterator[LocalEngine]:
    from engine.local import LocalEngine

    found = LocalEngine()
    yield found
    found.close()


def load(engine: LocalEngine, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    engine.load_images(str(path), sink=lambda _: None)


def spec(tmp_path: Path, step: str) -> Any:
    (tmp_path / "context").mkdir(exist_ok=True)
    text = f"FROM busybox\nRUN {step}\n"
    return {
        "context": str(tmp_path / "context"), "dockerfile_inline": text, "tags": ["built"], "network": "none",
    }  # fmt: skip


def fill(disk: Path) -> Path:
    junk = disk / "junk"
    with junk.open("wb", buffering=0) as file:
        while os.statvfs(disk).f_bavail:
            file.write(bytes(4096))
    return junk


def test_a_build_that_fills_the_disk_leaves_nothing(
    local: LocalEngine, disk: Path, tmp_path: Path
) -> None:
    load(local, tmp_path / "busybox.tar", docker_archive([busybox_layer()], ["busybox"], CONFIG))
    free = os.statvfs(disk).f_bavail
    with pytest.raises(BuildFailed, match="did not complete successfully") as caught:
        local.build(spec(tmp_path, "dd if=/dev/zero of=/big bs=1M count=100"), sink=lambda _: None)
    assert "No space left on device" in str(caught.value.output)
    assert images.image("built") is None
    assert rubbish(disk / "lib") == []
    assert os.statvfs(disk).f_bavail > free - 256
    assert local.build(spec(tmp_path, "echo small > /small"), sink=lambda _: None)


def test_on_a_full_disk_images_can_still_be_removed(
    local: LocalEngine, disk: Path, tmp_path: Path
) -> None:
    load(local, tmp_path / "busybox.tar", docker_archive([busybox_layer()], ["busybox"], CONFIG))
    local.build(spec(tmp_path, "head -c 1000000 /dev/zero > /big"), sink=lambda _: None)
    other = docker_archive([tar(member("file", os.urandom(3 << 20)))], ["app:1"])
    load(local, tmp_path / "app.tar", other)
    junk = fill(disk)
    with pytest.raises(EngineError, match="No space left on device"):
        load(local, tmp_path / "more.tar", docker_archive([tar(member("more", b"x"))], ["more"]))
    with pytest.raises(EngineError, match="No space left on device"):
        local.tag_image("app:1", "app:2")
    assert "Untagged: app:1" in local.remove_image("app:1")
    assert os.statvfs(disk).f_bavail * 4096 > 5 << 20
    junk.unlink()
    fill(disk)
    done = [
        pruning.images(local, NOTHING, everything=True),
        pruning.cache(local, NOTHING, everything=True),
    ]
    assert "untagged: built:latest" in done[0].lines
    assert len(done[1].lines) == 1
    assert [info.tags for info in images.images()] == [("pycompose/host:latest",)]
    assert rubbish(disk / "lib") == []
    assert list((disk / "lib/layers").iterdir()) == []
