"""Volumes: their life, what is copied into new ones, and the mounts a container gets."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from engine import volumes
from engine.snapshot import layer, merged
from engine.snapshot.source import ThreadSource
from engine.state import containers, db, volume_uses
from engine.volume import local
from schemas.errors import Conflict, Failed, InvalidArgument, NotFound, Unsupported
from schemas.specs import ContainerSpec, Mount
from tests.support.images import directory, member, symlink, tar

pytestmark = pytest.mark.usefixtures("state")
ID = "c" * 64


def unpacked(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> str:
    path.mkdir()
    with ThreadSource(iter([tar(*members)])) as source:
        layer.unpack(source, str(path))
    return str(path)


@pytest.fixture
def layers(tmp_path: Path) -> list[str]:
    """Two layers, top first: the upper one changes, hides and adds."""
    top = unpacked(
        tmp_path / "top",
        directory("data", 0o750, uid=70, gid=71),
        member("data/new", b"new"),
        member("data/changed", b"upper", mode=0o600),
        member("data/.wh.gone"),
        directory("data/opaque"),
        member("data/opaque/.wh..wh..opq"),
        member("data/opaque/fresh", b"f"),
    )
    bottom = unpacked(
        tmp_path / "bottom",
        directory("data"),
        member("data/old", b"old", uid=5, mode=0o640, mtime=1000, pax={"SCHILY.xattr.user.a": "b"}),
        member("data/twin", type=tarfile.LNKTYPE, linkname="data/old"),
        member("data/changed", b"lower"),
        member("data/gone", b"x"),
        directory("data/opaque"),
        member("data/opaque/hidden", b"h"),
        symlink("data/link", "old"),
        symlink("alias", "/data"),
        directory("deep/er"),
        symlink("deep/er/up", "../../data"),
        symlink("loop", "loop"),
        symlink("out", "../../../../etc"),
    )
    return [top, bottom]


def start(layers: list[str], *mounts: Mount) -> list[dict[str, object]]:
    os.makedirs(os.path.dirname(local.directory("x")), exist_ok=True)
    from engine import paths

    os.makedirs(paths.container_dir(ID), exist_ok=True)
    spec: ContainerSpec = {"name": "web", "image": "x", "mounts": list(mounts)}
    return [dict(mount) for mount in local.prepare_mounts(ID, spec, layers)]


def tree(path: str) -> dict[str, str]:
    root = Path(path)
    return {
        str(item.relative_to(root)): os.readlink(item) if item.is_symlink() else item.read_text()
        for item in root.rglob("*")
        if item.is_symlink() or item.is_file()
    }


def test_a_volume_is_made_found_listed_and_removed() -> None:
    info = volumes.create({"name": "data", "labels": {"a": "b"}})
    assert os.path.isdir(info.mountpoint)
    assert volumes.create({"name": "data"}).created == info.created
    assert volumes.select({"a": "b"}) == [info] == volumes.select({"a": ""})
    assert volumes.select({"a": "c"}) == []
    volumes.remove("data")
    assert not os.path.exists(info.mountpoint)
    with pytest.raises(NotFound, match="no such volume"):
        volumes.remove("data")
    volumes.remove("data", force=True)


def test_a_volume_in_use_is_not_removed() -> None:
    volumes.create({"name": "data"})
    row = containers.ContainerRow(ID, "web", "a:1", "x", {}, 0.0, {})  # type: ignore[typeddict-item]
    with db.transaction() as database:
        containers.insert(database, row, {"name": "web", "image": "a:1"})
        volume_uses.insert(database, ID, ["data"])
    with pytest.raises(Conflict, match="volume is in use"):
        volumes.remove("data", force=True)


@pytest.mark.parametrize("name", ["", "a", "../x", "a/b", "-a", ".hidden", "a" * 300])
def test_a_name_that_cannot_be_a_directory_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument):
        volumes.create({"name": name})


def test_other_drivers_are_named() -> None:
    with pytest.raises(Unsupported, match="rclone"):
        volumes.create({"name": "data", "driver": "rclone"})


def test_content_of_a_removal_cut_short_does_not_come_back() -> None:
    path = Path(local.ensure("data"))
    (path / "old").write_text("x")
    assert os.listdir(volumes.create({"name": "data"}).mountpoint) == []
    local.ensure("rubbish")
    volumes.sweep()
    assert not os.path.exists(local.directory("rubbish"))
    assert os.path.exists(local.directory("data"))


@pytest.mark.parametrize("target", ["/data", "/alias", "/deep/er/up", "/data/"])
def test_a_new_volume_gets_what_the_image_shows_at_its_place(
    layers: list[str], target: str
) -> None:
    volumes.create({"name": "vol"})
    [mount] = start(layers, {"type": "volume", "source": "vol", "target": target})
    source = str(mount["source"])
    assert tree(source) == {
        "new": "new", "changed": "upper", "old": "old", "twin": "old", "link": "old", "opaque/fresh": "f",
    }  # fmt: skip
    top = os.stat(source)
    assert (stat.S_IMODE(top.st_mode), top.st_uid, top.st_gid) == (0o750, 70, 71)
    old = os.stat(f"{source}/old")
    assert (stat.S_IMODE(old.st_mode), old.st_uid, old.st_mtime, old.st_nlink) == (
        0o640,
        5,
        1000,
        2,
    )
    assert os.getxattr(f"{source}/old", "user.a") == b"b"
    assert os.listxattr(f"{source}/opaque") == []


def test_a_volume_with_content_is_left_alone(layers: list[str]) -> None:
    path = Path(volumes.create({"name": "vol"}).mountpoint)
    (path / "mine").write_text("x")
    start(layers, {"type": "volume", "source": "vol", "target": "/data"})
    assert tree(str(path)) == {"mine": "x"}


def test_nocopy_and_a_missing_place_leave_it_empty(layers: list[str]) -> None:
    for name, target in (("one", "/data"), ("two", "/nothing")):
        volumes.create({"name": name})
        nocopy = name == "one"
        start(layers, {"type": "volume", "source": name, "target": target, "nocopy": nocopy})
        assert os.listdir(local.data(name)) == []


def test_a_volume_emptied_by_its_user_stays_empty_at_the_next_start(layers: list[str]) -> None:
    volumes.create({"name": "vol"})
    mount: Mount = {"type": "volume", "source": "vol", "target": "/data/opaque"}
    start(layers, mount)
    os.unlink(local.data("vol") + "/fresh")
    start(layers, mount)
    assert os.listdir(local.data("vol")) == []


def test_an_interrupted_copy_is_done_again(layers: list[str]) -> None:
    path = Path(volumes.create({"name": "vol"}).mountpoint)
    (path / "changed").write_text("half")
    Path(local.directory("vol"), "populating").touch()
    start(layers, {"type": "volume", "source": "vol", "target": "/data"})
    assert (path / "changed").read_text() == "upper" and (path / "old").exists()
    assert not Path(local.directory("vol"), "populating").exists()


def test_links_of_the_image_do_not_lead_the_copy_out(layers: list[str]) -> None:
    assert merged.resolve(layers, "/out/passwd") == []
    assert merged.resolve(layers, "/../../data/new") == [layers[0] + "/data/new"]
    with pytest.raises(InvalidArgument, match="symbolic links"):
        merged.resolve(layers, "/loop/x")


def test_a_volume_bound_elsewhere_by_its_options_is_used_there(
    layers: list[str], tmp_path: Path
) -> None:
    device = tmp_path / "device"
    volumes.create(
        {"name": "vol", "driver_opts": {"type": "none", "o": "bind", "device": str(device)}}
    )
    mount: Mount = {"type": "volume", "source": "vol", "target": "/data/opaque"}
    with pytest.raises(InvalidArgument, match="no such file"):
        start(layers, mount)
    device.mkdir()
    [found] = start(layers, mount)
    assert found["source"] == str(device) and tree(str(device)) == {"fresh": "f"}
    volumes.remove("vol")
    assert device.is_dir()


def test_a_network_file_systems_server_is_asked_or_its_lack_is_named(layers: list[str]) -> None:
    options = {"type": "nfs", "device": ":/x", "o": "addr=127.0.0.1,nfsvers=4,soft,retrans=1"}
    volumes.create({"name": "vol", "driver_opts": options})
    known = "nfs" in Path("/proc/filesystems").read_text().split()
    message = "Connection refused" if known else "unknown file system type nfs"
    with pytest.raises(Failed, match=f'volume "vol": failed to mount .*{message}'):
        start(layers, {"type": "volume", "source": "vol", "target": "/data"})
    assert os.listdir(local.data("vol")) == []
    volumes.remove("vol")


def test_a_subpath_stays_in_its_volume(layers: list[str], tmp_path: Path) -> None:
    path = Path(volumes.create({"name": "vol"}).mountpoint)
    (path / "sub").mkdir()
    (path / "evil").symlink_to("/etc")
    mount: Mount = {"type": "volume", "source": "vol", "target": "/x", "subpath": "sub"}
    (found,) = start(layers, mount)
    assert (found["source"], found["below"]) == (str(path), "sub")
    for subpath, error in (("../x", InvalidArgument), ("evil/passwd", NotFound), ("no", NotFound)):
        with pytest.raises(error):
            start(layers, {**mount, "subpath": subpath})


def test_a_tmpfs_keeps_its_options(layers: list[str]) -> None:
    [mount] = start(
        layers, {"type": "tmpfs", "target": "/t", "size": 1024, "mode": 0o700, "options": ["exec"]}
    )
    assert mount == {
        "kind": "tmpfs", "target": "/t", "read_only": False, "options": ["exec"], "size": 1024, "mode": 0o700,
    }  # fmt: skip
