"""The image store: archives in and out, names, removal, and what is left when somebody lies or dies."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from engine import image_files, image_names, images
from engine.image import gc
from engine.image.blobs import BlobStore
from engine.state import containers, db, locks
from schemas.errors import Conflict, EngineError, InvalidArgument, NotFound, Unsupported
from schemas.records import Progress
from tests.support.images import (
    config,
    directory,
    docker_archive,
    member,
    oci_archive,
    symlink,
    tar,
    write_busybox,
)

pytestmark = pytest.mark.usefixtures("state")
LAYER = "application/vnd.oci.image.layer.v1.tar"
ONE = tar(directory("etc"), member("etc/one", b"1"))
TWO = tar(directory("etc"), member("etc/two", b"2"))


def silent(_: Progress) -> None:
    pass


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def load(tmp_path: Path, data: bytes) -> list[str]:
    return [info.id for info in image_files.load(write(tmp_path / "a.tar", data), sink=silent)]


def files(state: tuple[Path, Path]) -> list[str]:
    """What the store holds: layers, blobs and temporary files."""
    root = state[0]
    return sorted(
        f"{kind}/{path.name}"
        for kind in ("layers", "blobs/sha256", "tmp")
        for path in (root / kind).glob("*")
    )


def test_a_docker_archive_is_loaded_with_its_names(tmp_path: Path) -> None:
    [id] = load(tmp_path, docker_archive([ONE, TWO], ["app:1", "ghcr.io/x/app:2"]))
    found = images.image("app:1")
    assert found is not None and found.id == id
    assert found.tags == ("app:1", "ghcr.io/x/app:2")
    top, bottom = images.layers(id)
    assert Path(bottom, "etc/one").read_text() == "1" and Path(top, "etc/two").read_text() == "2"
    assert images.config(id)["config"]["Cmd"] == ["sh"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress])
def test_an_oci_archive_is_loaded_whatever_its_compression(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    stored = [(LAYER, pack(ONE)), (LAYER, TWO)]
    [id] = load(tmp_path, pack(oci_archive([ONE, TWO], stored, "app:1")))
    assert images.image("app:1") is not None
    assert [Path(path).name for path in images.layers(id)] == [
        diff.removeprefix("sha256:") for diff in reversed(images.config(id)["rootfs"]["diff_ids"])
    ]


def test_layers_are_shared_and_a_second_load_writes_nothing(
    tmp_path: Path, state: tuple[Path, Path]
) -> None:
    load(tmp_path, docker_archive([ONE], ["a:1"]))
    before = files(state)
    load(tmp_path, docker_archive([ONE], ["a:1"]))
    assert files(state) == before
    load(tmp_path, docker_archive([ONE, TWO], ["b:1"]))
    assert len(files(state)) == 4


def test_a_repeated_layer_saved_as_a_link_is_found(tmp_path: Path) -> None:
    text = config([ONE, ONE])
    manifest = [{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["x/layer.tar", "y/layer.tar"]}]
    [id] = load(
        tmp_path,
        tar(
            member("x/layer.tar", ONE),
            symlink("y/layer.tar", "../x/layer.tar"),
            member("c.json", text),
            member("manifest.json", json.dumps(manifest).encode()),
        ),
    )
    assert len(images.layers(id)) == 2


def test_an_image_is_found_by_id_prefix_and_every_form_of_its_name(tmp_path: Path) -> None:
    [id] = load(tmp_path, docker_archive([ONE], ["app:latest"]))
    for text in (id, id[7:], id[7:19], f"sha256:{id[7:19]}", "app", "docker.io/library/app:latest"):
        found = images.resolve(text)
        assert found is not None and found.id == id
    assert images.resolve("app:other") is None
    assert images.image("nothing") is None


def test_what_is_saved_can_be_loaded_and_saved_again_to_the_same_bytes(
    tmp_path: Path, state: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [(LAYER, gzip.compress(ONE)), (LAYER, TWO)]
    load(tmp_path, oci_archive([ONE, TWO], stored, "app:1"))
    image_names.tag("app:1", "other/app:2")
    image_files.save(["app:1", "other/app:2"], str(tmp_path / "one.tar"))
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / "second"))
    [info] = image_files.load(str(tmp_path / "one.tar"), sink=silent)
    assert info.tags == ("app:1", "other/app:2")
    image_files.save(["app:1", "other/app:2"], str(tmp_path / "two.tar"))
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_root_filesystem_is_imported_with_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "root.tar.gz", gzip.compress(ONE))
    info = image_files.import_rootfs(path, "mine", changes=['CMD ["/x"]', "ENV A=b"], sink=silent)
    assert info.tags == ("mine:latest",)
    assert images.config(info.id)["config"] == {"Cmd": ["/x"], "Env": ["A=b"]}
    assert Path(images.layers(info.id)[0], "etc/one").read_text() == "1"


def test_inspect_has_dockers_shape(tmp_path: Path) -> None:
    [id] = load(tmp_path, docker_archive([ONE], ["app:1"], {"Labels": {"a": "b"}}))
    found = images.inspect("app:1")
    assert found["Id"] == id and found["RepoTags"] == ["app:1"]
    assert found["Config"] == {"Labels": {"a": "b"}}
    assert found["RootFS"] == {"Type": "layers", "Layers": images.config(id)["rootfs"]["diff_ids"]}
    with pytest.raises(NotFound, match="No such image: nothing"):
        images.inspect("nothing")


def test_the_last_name_takes_the_image_with_it(tmp_path: Path, state: tuple[Path, Path]) -> None:
    [id] = load(tmp_path, docker_archive([ONE], ["a:1"]))
    image_names.tag("a:1", "b:1")
    assert image_names.remove("a:1") == ["Untagged: a:1"]
    assert image_names.remove("b:1")[:2] == ["Untagged: b:1", f"Deleted: {id}"]
    assert files(state) == []
    with pytest.raises(NotFound):
        image_names.remove("b:1")


def test_removing_by_id_needs_force_when_there_are_several_names(tmp_path: Path) -> None:
    [id] = load(tmp_path, docker_archive([ONE], ["a:1", "b:1"]))
    with pytest.raises(Conflict, match="multiple repositories"):
        image_names.remove(id)
    assert image_names.remove(id[7:19], force=True)[:3] == [
        "Untagged: a:1",
        "Untagged: b:1",
        f"Deleted: {id}",
    ]


def test_layers_that_another_image_has_stay(tmp_path: Path, state: tuple[Path, Path]) -> None:
    load(tmp_path, docker_archive([ONE, TWO], ["a:1"]))
    load(tmp_path, docker_archive([ONE], ["b:1"]))
    image_names.remove("a:1")
    assert len(files(state)) == 2
    assert Path(images.layers(images.image("b:1").id)[0], "etc/one").exists()  # type: ignore[union-attr]


def use(image_id: str) -> None:
    row = containers.ContainerRow("c" * 64, "web", "a:1", image_id, {}, 0.0, {})  # type: ignore[typeddict-item]
    with db.transaction() as database:
        containers.insert(database, row, {"name": "web", "image": "a:1"})


def test_an_image_in_use_is_not_removed(tmp_path: Path, state: tuple[Path, Path]) -> None:
    [id] = load(tmp_path, docker_archive([ONE], ["a:1"]))
    use(id)
    with pytest.raises(Conflict, match="cccccccccccc is using"):
        image_names.remove("a:1")
    assert image_names.remove("a:1", force=True) == ["Untagged: a:1"]
    assert len(files(state)) == 2 and images.layers(id)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no tar at all" * 100, "checksum|number"),
        (tar(member("x", b"y")), "neither manifest.json nor index.json"),
        (tar(member("repositories", b"{}")), "before 1.10"),
        (tar(member("manifest.json", b"{")), "not JSON"),
        (tar(member("manifest.json", b"{}")), "wrong shape"),
        (tar(member("manifest.json", b"[" * 100_000)), "not JSON"),
        (tar(member("manifest.json", b'[{"Config":"c","Layers":[]}]')), "does not hold"),
        (tar(member("manifest.json", b" " * (9 << 20))), "too many"),
        (
            tar(member("index.json", b'{"manifests":[{"digest":"sha256:../../x"}]}')),
            "invalid digest",
        ),
        (tar(member("index.json", b'{"manifests":[{"digest":"md5:1"}]}')), "md5"),
        (docker_archive([ONE], ["Bad Name"]), "invalid reference"),
        (docker_archive([ONE], ["a:1"])[:3000], "too early"),
        (gzip.compress(docker_archive([ONE], ["a:1"]))[:-20], "too early"),
        (b"BZh91AY" + bytes(100), "bzip2"),
    ],
)
def test_a_bad_archive_is_refused_and_leaves_nothing(
    tmp_path: Path, state: tuple[Path, Path], data: bytes, message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        load(tmp_path, data)
    assert files(state) == []
    assert [info.tags for info in images.images()] == [("pycompose/host:latest",)]


def test_a_layer_that_is_not_the_announced_one_is_refused(
    tmp_path: Path, state: tuple[Path, Path]
) -> None:
    good = docker_archive([ONE], ["a:1"])
    changed = bytearray(good)
    at = good.index(b"etc/one") + 512
    changed[at] = ord("9")
    with pytest.raises(EngineError, match="digest"):
        load(tmp_path, bytes(changed))
    assert files(state) == []


def test_a_config_that_is_not_the_announced_one_is_refused(tmp_path: Path) -> None:
    data = docker_archive([ONE], ["a:1"]).replace(b'"Cmd": ["sh"]', b'"Cmd": ["hs"]')
    with pytest.raises(InvalidArgument, match="digest"):
        load(tmp_path, data)


def test_a_blob_that_is_not_the_announced_one_is_refused(
    tmp_path: Path, state: tuple[Path, Path]
) -> None:
    packed = gzip.compress(ONE, mtime=0)
    data = oci_archive([ONE], [(LAYER, packed)], "a:1")
    other = gzip.compress(ONE, mtime=1)
    with pytest.raises(EngineError, match="digest"):
        load(tmp_path, data.replace(packed, other))
    assert [name for name in files(state) if not name.startswith("layers/")] == []
    gc.collect()
    assert files(state) == []


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        image_files.load(str(tmp_path / "none.tar"), sink=silent)
    with pytest.raises(InvalidArgument, match="is a directory"):
        image_files.load(str(tmp_path), sink=silent)


def test_the_host_image_cannot_be_removed_replaced_or_saved(tmp_path: Path) -> None:
    load(tmp_path, docker_archive([ONE], ["a:1"]))
    with pytest.raises(Conflict):
        image_names.remove("pycompose/host")
    with pytest.raises(Conflict):
        image_names.tag("a:1", "pycompose/host")
    with pytest.raises(Unsupported):
        image_files.save(["pycompose/host"], str(tmp_path / "x.tar"))
    with pytest.raises(Conflict):
        load(tmp_path, docker_archive([TWO], ["pycompose/host:latest"]))


def test_two_commands_load_the_same_archive_at_once(
    tmp_path: Path, state: tuple[Path, Path]
) -> None:
    path = write_busybox(tmp_path / "b.tar")
    code = f"from engine import image_files; image_files.load({str(path)!r}, sink=lambda _: None)"
    commands = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [command.wait(60) for command in commands] == [0, 0, 0, 0]
    assert len(files(state)) == 2


def test_a_killed_load_leaves_only_what_the_next_removal_sweeps(
    tmp_path: Path, state: tuple[Path, Path]
) -> None:
    path = write_busybox(tmp_path / "b.tar")
    code = f"from engine import image_files; image_files.load({str(path)!r}, sink=lambda _: None)"
    for delay in range(60, 130, 10):
        command = subprocess.Popen([sys.executable, "-c", code])
        time.sleep(delay / 1000)
        command.send_signal(signal.SIGKILL)
        command.wait()
    image_files.load(str(path), sink=silent)
    found = images.image("busybox")
    assert found is not None and os.path.exists(images.layers(found.id)[0] + "/bin/busybox")
    image_names.remove("busybox")
    assert files(state) == []


def test_temporary_files_are_swept_unless_somebody_writes(state: tuple[Path, Path]) -> None:
    (state[0] / "tmp" / "layer-x").mkdir(parents=True)
    with locks.shared("store"):
        images.sweep()
        assert files(state) == ["tmp/layer-x"]
    images.sweep()
    assert files(state) == []


def test_a_blob_is_invisible_until_it_is_whole(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    with store.ingest() as ingest:
        ingest.write(b"abc")
        assert store.digests() == []
        with pytest.raises(EngineError, match="announced"):
            ingest.commit("sha256:" + "0" * 64)
    assert store.digests() == [] and list((tmp_path / "tmp").iterdir()) == []
    digest = store.put(b"abc")
    assert store.has(digest) and store.read(digest) == b"abc"
