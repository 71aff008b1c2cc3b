"""A disk that is too small for an image: the store stays as it was."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from engine import images, transfers
from engine.image import gc
from engine.kernel import mount
from engine.state import db
from schemas.errors import EngineError
from tests.engine.registry.contents import HUGE, ONE, silent
from tests.support.images import member, tar
from tests.support.registry import OCI_LAYER, Registry
from tests.support.store import rubbish


def test_a_full_disk_leaves_the_store_as_it_was(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.image("full/small", "1", [(OCI_LAYER, ONE, ONE)])
    registry.image("full/large", "1", [(OCI_LAYER, x, x) for x in HUGE])
    # The blobs and what they are unpacked to need some 72 MiB.
    for size in (20, 30, 44, 58):
        place = tmp_path / f"disk{size}"
        place.mkdir()
        mount.mount("tmpfs", str(place), "tmpfs", 0, f"size={size}m")
        try:
            monkeypatch.setenv("PYCOMPOSE_ROOT", str(place / "lib"))
            small = transfers.pull(f"{registry.address}/full/small:1", sink=silent)
            with pytest.raises(EngineError, match="No space left on device"):
                transfers.pull(f"{registry.address}/full/large:1", sink=silent)
            assert images.image(f"{registry.address}/full/large:1") is None
            assert Path(images.layers(small.id)[0], "etc/one").read_text() == "1"
            gc.collect()
            assert rubbish(place / "lib") == []
            assert len(list((place / "lib/layers").iterdir())) == 1
            db.close()
        finally:
            monkeypatch.undo()
            mount.umount(str(place))


def test_a_bomb_is_contained_by_the_disk_and_cleaned_up(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zeros = tar(member("zeros", bytes(64 << 20)))
    blob = gzip.compress(zeros)
    assert len(blob) < 1 << 17
    registry.image("bomb/app", "1", [(OCI_LAYER, blob, zeros)])
    place = tmp_path / "disk"
    place.mkdir()
    mount.mount("tmpfs", str(place), "tmpfs", 0, "size=16m")
    try:
        monkeypatch.setenv("PYCOMPOSE_ROOT", str(place / "lib"))
        with pytest.raises(EngineError, match="No space left on device"):
            transfers.pull(f"{registry.address}/bomb/app:1", sink=silent)
        assert list((place / "lib/tmp").iterdir()) == []
        assert os.statvfs(place).f_bavail * os.statvfs(place).f_frsize > 14 << 20
        db.close()
    finally:
        monkeypatch.undo()
        mount.umount(str(place))
