"""Files out of containers and into them: running or not, and never outside of them."""

from __future__ import annotations

import fcntl
import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schemas.errors import Conflict, InvalidArgument, NotFound
from schemas.records import ContainerInfo
from tests.support import images

if TYPE_CHECKING:
    from engine.local import LocalEngine

Make = Callable[..., ContainerInfo]


@pytest.fixture
def make(engine: LocalEngine, tmp_path: Path) -> Iterator[Make]:
    """Containers of busybox; ``start`` lets them run."""
    engine.load_images(str(images.write_busybox(tmp_path / "busybox.tar")), sink=lambda _: None)

    def create(name: str = "one", *, start: bool = True, **facts: Any) -> ContainerInfo:
        spec: Any = {
            "name": name,
            "image": "busybox",
            "command": ["sleep", "1000"],
            "network_mode": "none",
            "stop_grace_period": 0.0,
            **facts,
        }
        info = engine.create(spec)
        if start:
            engine.start(info.id)
        return engine.container(info.id)

    return create  # type: ignore[return-value]


def _members(engine: LocalEngine, id: str, path: str) -> dict[str, tarfile.TarInfo]:
    archive = engine.read_archive(id, path)
    data = b""
    while chunk := archive.read(1 << 16):
        data += chunk
    archive.close()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {member.name: member for member in tar.getmembers()}


def _content(engine: LocalEngine, id: str, path: str) -> bytes:
    archive = engine.read_archive(id, path)
    with tarfile.open(fileobj=archive, mode="r|") as tar:  # type: ignore[call-overload]
        member = tar.next()
        assert member is not None
        file = tar.extractfile(member)
        assert file is not None
        content: bytes = file.read()
    archive.close()
    return content


def _put(engine: LocalEngine, id: str, path: str, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    engine.write_archive(id, path, io.BytesIO(images.tar(*members)))


@pytest.mark.parametrize("start", [True, False], ids=["running", "stopped"])
def test_a_tree_goes_in_and_comes_out_with_owners_modes_links_and_times(
    engine: LocalEngine, make: Make, start: bool
) -> None:
    id = make(start=start).id
    _put(
        engine,
        id,
        "/tmp",
        images.directory("tree", 0o750, uid=7, gid=8, mtime=1_000_000_000),
        images.member("tree/file", b"content", mode=0o4711, uid=1234, gid=77, mtime=1_000_000_001),
        images.member("tree/hard", type=tarfile.LNKTYPE, linkname="tree/file"),
        images.symlink("tree/link", "/etc/passwd"),
        images.member("tree/.wh.name", b""),
    )
    found = _members(engine, id, "/tmp/tree")
    assert list(found) == ["tree", "tree/.wh.name", "tree/file", "tree/hard", "tree/link"]
    assert (found["tree"].mode, found["tree"].uid, found["tree"].gid) == (0o750, 7, 8)
    assert found["tree"].mtime == 1_000_000_000
    assert (found["tree/file"].mode, found["tree/file"].uid, found["tree/file"].mtime) == (
        0o4711,
        1234,
        1_000_000_001,
    )
    assert found["tree/hard"].type == tarfile.LNKTYPE
    assert found["tree/link"].linkname == "/etc/passwd"
    assert _content(engine, id, "/tmp/tree/file") == b"content"


def test_what_was_put_into_a_stopped_container_is_there_when_it_runs(
    engine: LocalEngine, make: Make
) -> None:
    id = make(start=False).id
    _put(engine, id, "/etc", images.member("greeting", b"hello"))
    engine.start(id)
    assert _content(engine, id, "/etc/greeting") == b"hello"


@pytest.mark.parametrize("start", [True, False], ids=["running", "stopped"])
def test_volumes_and_binds_are_reached_through_the_container(
    engine: LocalEngine, make: Make, start: bool, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    engine.create_volume({"name": "data"})
    mounts = [
        {"type": "volume", "source": "data", "target": "/data"},
        {"type": "bind", "source": str(shared), "target": "/shared", "read_only": True},
    ]
    id = make(start=start, mounts=mounts).id
    _put(engine, id, "/data", images.member("file", b"kept"))
    assert Path(engine.volume("data").mountpoint, "file").read_bytes() == b"kept"
    (shared / "ours").write_text("from outside")
    assert _content(engine, id, "/shared/ours") == b"from outside"
    with pytest.raises(Conflict, match="read-only"):
        _put(engine, id, "/shared", images.member("new", b"x"))


def test_what_is_at_a_path_is_told_links_not_followed(engine: LocalEngine, make: Make) -> None:
    id = make().id
    _put(
        engine,
        id,
        "/tmp",
        images.symlink("way", "../etc/passwd"),
        images.symlink("broken", "nothing"),
    )
    passwd = engine.path_info(id, "/etc/passwd")
    assert (passwd.name, stat.S_ISREG(passwd.mode), passwd.link) == ("passwd", True, "")
    way = engine.path_info(id, "/tmp/way")
    assert (stat.S_ISLNK(way.mode), way.link) == (True, "/etc/passwd")
    assert engine.path_info(id, "/tmp/broken").link == "/tmp/nothing"
    assert stat.S_ISDIR(engine.path_info(id, "/tmp/").mode)
    assert engine.path_info(id, "/").name == "/"
    for absent in ("/nope", "/etc/passwd/x", "/tmp/broken/"):
        with pytest.raises(NotFound, match="Could not find the file"):
            engine.path_info(id, absent)


def test_contents_are_named_by_a_dot(engine: LocalEngine, make: Make) -> None:
    id = make().id
    _put(engine, id, "/tmp", images.directory("d"), images.member("d/x", b"1"))
    assert sorted(_members(engine, id, "/tmp/d/.")) == [".", "./x"]


@pytest.mark.parametrize("start", [True, False], ids=["running", "stopped"])
def test_links_of_the_container_lead_nowhere_but_into_it(
    engine: LocalEngine, make: Make, start: bool, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the host's")
    id = make(start=start).id
    _put(
        engine,
        id,
        "/tmp",
        images.symlink("absolute", str(tmp_path)),
        images.symlink("upwards", "../../../../../../.." + str(tmp_path)),
    )
    for way in ("/tmp/absolute", "/tmp/upwards", f"/../../..{tmp_path}"):
        with pytest.raises(NotFound):
            engine.read_archive(id, f"{way}/secret")
        with pytest.raises(NotFound):
            _put(engine, id, way, images.member("planted", b"x"))
    _put(
        engine, id, "/tmp", images.symlink("out", str(tmp_path)), images.member("out/planted", b"x")
    )
    assert sorted(os.listdir(tmp_path)) == sorted(
        {"secret", "busybox.tar", "lib", "run"} & set(os.listdir(tmp_path))
    )
    assert not (tmp_path / "planted").exists()


def test_names_that_climb_out_are_refused(engine: LocalEngine, make: Make) -> None:
    id = make().id
    with pytest.raises(InvalidArgument, match="outside"):
        _put(engine, id, "/tmp", images.member("../../escaped", b"x"))


def test_kinds_keep_their_places_and_mounted_files_stay(engine: LocalEngine, make: Make) -> None:
    id = make().id
    _put(
        engine,
        id,
        "/tmp",
        images.directory("d"),
        images.member("d/kept", b"1"),
        images.member("f", b"1"),
    )
    with pytest.raises(Conflict, match='cannot overwrite directory "d" with non-directory'):
        _put(engine, id, "/tmp", images.member("d", b"x"))
    with pytest.raises(Conflict, match='cannot overwrite non-directory "f" with directory'):
        _put(engine, id, "/tmp", images.directory("f"))
    assert _content(engine, id, "/tmp/d/kept") == b"1"
    with pytest.raises(Conflict, match="is a mount of the container"):
        _put(engine, id, "/etc", images.member("hostname", b"x"))
    assert _content(engine, id, "/etc/hostname").startswith(id[:12].encode())


def test_the_target_must_be_a_directory_that_is_there(engine: LocalEngine, make: Make) -> None:
    id = make().id
    with pytest.raises(NotFound):
        _put(engine, id, "/nope", images.member("x", b""))
    with pytest.raises(InvalidArgument, match="not a directory"):
        _put(engine, id, "/etc/passwd", images.member("x", b""))


def test_a_visit_to_a_stopped_container_leaves_no_mount_and_no_directory(
    engine: LocalEngine, make: Make, state: tuple[Path, Path]
) -> None:
    info = make(start=False)
    before = Path("/proc/self/mountinfo").read_text()
    engine.read_archive(info.id, "/etc").close()
    _put(engine, info.id, "/tmp", images.member("x", b""))
    assert Path("/proc/self/mountinfo").read_text() == before
    assert not (state[1] / "containers" / info.id).exists()


def test_a_stopped_container_is_held_while_it_is_visited(
    engine: LocalEngine, make: Make, state: tuple[Path, Path]
) -> None:
    info = make(start=False)
    directory = os.open(state[0] / "containers" / info.id, os.O_RDONLY)
    archive = engine.read_archive(info.id, "/etc")
    with pytest.raises(BlockingIOError):
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    archive.close()
    fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(directory)


def test_the_host_image_is_visited_like_any_other(engine: LocalEngine) -> None:
    info = engine.create(
        {"name": "host", "image": "pycompose/host", "command": ["true"], "network_mode": "none"}
    )
    assert stat.S_ISDIR(engine.path_info(info.id, "/usr/bin/").mode)
    _put(engine, info.id, "/usr", images.member("ours", b"x"))
    assert _content(engine, info.id, "/usr/ours") == b"x"
    assert not Path("/usr/ours").exists()
