"""Pulls and pushes that are cut, killed or run beside each other: nothing half made is seen, and what has come is used."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import image_files, image_names, images, transfers
from engine.image import gc
from schemas.errors import Unavailable
from schemas.records import Progress
from tests.engine.registry.contents import BIG, HUGE, ONE, silent
from tests.support.images import docker_archive
from tests.support.registry import OCI_LAYER, Registry, sha256, wire
from tests.support.store import rubbish


def test_a_download_goes_on_where_the_connection_was_cut(registry: Registry) -> None:
    registry.image("cut/app", "1", [(OCI_LAYER, BIG, BIG)])
    # Connections: TLS attempt, manifest and config, the layer (the same connection is used again).
    with wire(registry.address, 0, 1 << 20, 1 << 20, 1 << 20) as address:
        info = transfers.pull(f"{address}/cut/app:1", sink=silent)
    assert Path(images.layers(info.id)[0], "big").stat().st_size == 4 << 20


def test_a_connection_that_is_cut_again_and_again_ends_the_pull(
    registry: Registry, state: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.image.registry.client._FIRST_PAUSE", 0.01)
    registry.image("dead/app", "1", [(OCI_LAYER, BIG, BIG)])
    with (
        wire(registry.address, 0, 1 << 20, *[0] * 60) as address,
        pytest.raises(Unavailable, match=f"cannot reach http://{address}"),
    ):
        transfers.pull(f"{address}/dead/app:1", sink=silent)
    assert images.images()[0].tags == ("pycompose/host:latest",)
    assert rubbish(state[0]) == []


def test_an_upload_goes_on_where_the_connection_was_cut(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    with wire(registry.address, 0, -1, -1) as address:
        path.write_bytes(docker_archive([BIG], [f"{address}/upload/app:1"]))
        image_files.load(str(path), sink=silent)
        digest = transfers.push(f"{address}/upload/app:1", sink=silent)
    assert registry.digest("upload/app", "1") == digest
    assert transfers.pull(f"{registry.address}/upload/app:1", sink=silent)


def pull_in_background(reference: str, *, more: str = "") -> subprocess.Popen[bytes]:
    code = (
        f"from engine import transfers\n{more}\ntransfers.pull({reference!r}, sink=lambda p: None)"
    )
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)


def test_what_a_killed_pull_brought_is_used_by_the_next_one(
    registry: Registry, state: tuple[Path, Path]
) -> None:
    registry.image("killed/app", "1", [(OCI_LAYER, ONE, ONE), *[(OCI_LAYER, x, x) for x in HUGE]])
    name = f"{registry.address}/killed/app:1"
    root = state[0]
    for moment in range(12):
        process = pull_in_background(name)
        time.sleep(0.12 + moment * 0.03)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        # At no moment is there an image whose layers are not whole.
        for info in images.images():
            for layer in images.layers(info.id):
                assert os.path.isdir(layer)
    # A layer is there before its blob is: of one that was killed in between, the blob is brought again.
    blobs = {path.name for path in (root / "blobs/sha256").glob("*")}
    had = blobs & {path.name for path in (root / "layers").glob("*")}
    said: list[str] = []
    transfers.pull(name, sink=lambda progress: said.append(progress.text))
    assert said.count("Already exists") == len(had) or said[-1].startswith("Status: Image is up")
    images.sweep()
    assert rubbish(root) == []
    info = images.resolve(name)
    assert info is not None
    for layer, data in zip(reversed(info.layers), [ONE, *HUGE], strict=True):
        sizes = sum(path.stat().st_size for path in Path(layer).rglob("*") if path.is_file())
        assert sizes == (1 if data is ONE else 12 << 20)


def test_a_damaged_blob_that_a_killed_pull_left_is_not_believed(
    registry: Registry, state: tuple[Path, Path]
) -> None:
    blob = gzip.compress(BIG)
    registry.image("left/app", "1", [(OCI_LAYER, blob, BIG)])
    place = state[0] / "blobs/sha256" / sha256(blob).partition(":")[2]
    place.parent.mkdir(parents=True)
    place.write_bytes(blob[:-1000] + bytes(1000))
    assert transfers.pull(f"{registry.address}/left/app:1", sink=silent)
    assert place.read_bytes() == blob


def test_pulls_of_the_same_image_at_the_same_time_do_the_work_once(
    registry: Registry, state: tuple[Path, Path]
) -> None:
    registry.image("same/app", "1", [(OCI_LAYER, x, x) for x in HUGE])
    name = f"{registry.address}/same/app:1"
    others = [pull_in_background(name) for _ in range(3)]
    info = transfers.pull(name, sink=silent)
    assert [each.wait(60) for each in others] == [0, 0, 0]
    assert len(images.layers(info.id)) == 3
    assert rubbish(state[0]) == []


def test_pulls_removals_and_collections_do_not_harm_each_other(
    registry: Registry, state: tuple[Path, Path]
) -> None:
    for number, layer in enumerate(HUGE):
        registry.image(f"many/app{number}", "1", [(OCI_LAYER, ONE, ONE), (OCI_LAYER, layer, layer)])
    names = [f"{registry.address}/many/app{number}:1" for number in range(3)]
    code = """
import sys
from engine import image_files, image_names, images, transfers
from schemas.errors import NotFound

for _ in range(4):
    transfers.pull(sys.argv[1], sink=lambda p: None)
    try:
        image_names.remove(sys.argv[1])
    except NotFound:
        pass
transfers.pull(sys.argv[1], sink=lambda p: None)
"""
    workers = [subprocess.Popen([sys.executable, "-c", code, name]) for name in names]
    assert [worker.wait(90) for worker in workers] == [0, 0, 0]
    for name, layer in zip(names, HUGE, strict=True):
        found = images.resolve(name)
        assert found is not None
        top, bottom = found.layers
        assert Path(bottom, "etc/one").read_text() == "1"
        assert sum(path.stat().st_size for path in Path(top).iterdir()) == len(layer) // (
            1 << 20
        ) * (1 << 20)
    images.sweep()
    gc.collect()
    assert rubbish(state[0]) == []


def test_an_image_that_is_removed_at_once_has_been_pulled(registry: Registry) -> None:
    registry.image("gone/app", "1", [(OCI_LAYER, ONE, ONE)])
    name = f"{registry.address}/gone/app:1"

    def remove(progress: Progress) -> None:
        if progress.text.startswith("Digest:"):  # it is there from now on
            image_names.remove(name)

    assert transfers.pull(name, sink=remove).tags == (name,)
    assert images.image(name) is None
