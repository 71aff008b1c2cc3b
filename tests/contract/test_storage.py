"""Volumes, mounts, files in and out of containers, secrets and configs."""

from __future__ import annotations

import io
import stat
import tarfile
from pathlib import Path

import pytest

from schemas.engine import Engine
from schemas.errors import Conflict, InvalidArgument, NotFound
from tests.contract.making import make, sleeper, start
from tests.support.containers import execute, output


def test_a_volume_is_what_was_asked_for(engine: Engine) -> None:
    made = engine.create_volume({"name": "data", "labels": {"a": "b"}})
    assert engine.volume("data") == made
    assert (made.name, made.driver, made.labels, made.anonymous) == (
        "data",
        "local",
        {"a": "b"},
        False,
    )
    engine.create_volume({"name": "other"})
    assert [volume.name for volume in engine.volumes(labels={"a": "b"})] == ["data"]
    assert engine.create_volume({"name": "data"}) == made
    engine.remove_volume("data")
    for call in (engine.volume, engine.remove_volume):
        with pytest.raises(NotFound, match="data"):
            call("data")


def test_a_volume_in_use_stays_and_keeps_its_content(engine: Engine) -> None:
    engine.create_volume({"name": "data"})
    mounts = [{"type": "volume", "source": "data", "target": "/data"}]
    made = start(engine, "one", "echo kept > /data/file", mounts=mounts)
    engine.wait("one", timeout=10)
    assert [(point.type, point.target, point.source) for point in made.mounts] == [
        ("volume", "/data", "data")
    ]
    with pytest.raises(Conflict):
        engine.remove_volume("data")
    engine.remove("one", volumes=True)
    read_only = [{**mounts[0], "read_only": True}]
    start(engine, "two", "cat /data/file; touch /data/x 2>/dev/null || echo no", mounts=read_only)
    engine.wait("two", timeout=10)
    assert output(engine, "two")[0] == "kept"
    assert output(engine, "two")[-1] == "no"


def test_a_new_volume_takes_what_the_image_has_there(engine: Engine) -> None:
    engine.create_volume({"name": "data"})
    engine.create_volume({"name": "empty"})
    mounts = [
        {"type": "volume", "source": "data", "target": "/etc"},
        {"type": "volume", "source": "empty", "target": "/home", "nocopy": True},
    ]
    start(engine, "one", "cat /etc/group | head -1; ls -A /home", mounts=mounts)
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["root:x:0:"]


def test_anonymous_volumes_go_with_their_container_when_asked(engine: Engine) -> None:
    for name, volumes, left in (("one", False, 1), ("two", True, 0)):
        made = make(engine, name, "true", mounts=[{"type": "volume", "target": "/data"}])
        [point] = made.mounts
        assert point.anonymous
        assert engine.volume(point.source).anonymous
        engine.remove(name, volumes=volumes)
        assert len(engine.volumes()) == left
        for volume in engine.volumes():
            engine.remove_volume(volume.name)


def test_an_anonymous_volume_that_was_taken_over_goes_too(engine: Engine) -> None:
    [point] = make(engine, "one", "true", mounts=[{"type": "volume", "target": "/data"}]).mounts
    heir = {"type": "volume", "source": point.source, "target": "/data"}
    [taken] = make(engine, "two", "true", mounts=[heir]).mounts
    assert taken.anonymous
    engine.remove("one", volumes=True)
    assert [volume.name for volume in engine.volumes()] == [point.source]
    engine.remove("two", volumes=True)
    assert engine.volumes() == []


def test_binds_and_tmpfs_are_mounted(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here\n")
    mounts = [
        {"type": "bind", "source": str(tmp_path), "target": "/src", "read_only": True},
        {
            "type": "bind",
            "source": f"{tmp_path}/new",
            "target": "/new",
            "bind": {"create_host_path": True},
        },
        {"type": "tmpfs", "target": "/t", "size": 1 << 20, "mode": 0o700},
        {"type": "tmpfs", "target": "/u", "mode": 0o1777, "uid": 7, "options": ["exec"]},
    ]
    script = "cat /src/file; touch /src/x 2>/dev/null || echo no; echo out > /new/x; stat -c '%a %u' /t /u; df -k /t | tail -1"
    start(engine, "one", script, mounts=mounts)
    assert engine.wait("one", timeout=10).code == 0
    lines = output(engine, "one")
    assert lines[0] == "here"
    assert "no" in lines
    assert lines[-3:-1] == ["700 0", "1777 7"]
    assert lines[-1].split()[1] == "1024"
    assert (tmp_path / "new/x").read_text() == "out\n"


def test_a_bind_source_that_is_not_there_is_an_error(engine: Engine, tmp_path: Path) -> None:
    mounts = [{"type": "bind", "source": f"{tmp_path}/nope", "target": "/src"}]
    with pytest.raises((NotFound, InvalidArgument), match="nope"):
        engine.start(make(engine, "one", "true", mounts=mounts).id)


def test_secrets_and_configs_are_files(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("plain\n")
    files = [
        {"target": "/run/secrets/plain", "source": f"{tmp_path}/plain"},
        {
            "target": "/run/secrets/own",
            "source": f"{tmp_path}/plain",
            "uid": 7,
            "gid": 8,
            "mode": 0o440,
        },
        {"target": "/etc/app/conf", "content": "config\n"},
    ]
    script = "cd /run/secrets; cat plain own /etc/app/conf; stat -c '%a %u %g' own; stat -c '%a %u' /etc/app/conf"
    start(engine, "one", script, files=files)
    assert engine.wait("one", timeout=10).code == 0
    assert output(engine, "one") == ["plain", "plain", "config", "440 7 8", "444 0"]


def archive(*names: str) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            entry = tarfile.TarInfo(name)
            if name.endswith("/"):
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
            else:
                entry.size, entry.mode, entry.uid = 4, 0o640, 5
                tar.addfile(entry, io.BytesIO(b"data"))
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize("running", [True, False])
def test_files_go_in_and_come_out(engine: Engine, running: bool) -> None:
    if running:
        sleeper(engine, "one")
    else:
        make(engine, "one", "true")
    engine.write_archive("one", "/home", archive("dir/", "dir/file"))
    found = engine.path_info("one", "/home/dir/file")
    assert (found.name, found.size, stat.S_IMODE(found.mode)) == ("file", 4, 0o640)
    assert stat.S_ISREG(found.mode)
    assert stat.S_ISDIR(engine.path_info("one", "/home").mode)
    link = engine.path_info("one", "/bin/sh")
    assert stat.S_ISLNK(link.mode)
    assert link.link == "/bin/busybox"
    stream = engine.read_archive("one", "/home/dir")
    data = b"".join(iter(lambda: stream.read(1000), b""))
    stream.close()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        entries = {entry.name.rstrip("/"): entry for entry in tar}
    assert list(entries) == ["dir", "dir/file"]
    assert entries["dir/file"].uid == 5


def test_what_cannot_be_copied_is_said(engine: Engine) -> None:
    make(engine, "one", "true")
    for call in (engine.path_info, engine.read_archive):
        with pytest.raises(NotFound):
            call("one", "/nope")
        with pytest.raises(NotFound):
            call("nobody", "/etc")
    with pytest.raises(NotFound):
        engine.write_archive("one", "/nope", archive("file"))
    with pytest.raises(InvalidArgument):
        engine.write_archive("one", "/etc/passwd", archive("file"))
    with pytest.raises(Conflict):
        engine.write_archive("one", "/", archive("etc"))


def test_files_in_volumes_are_reached(engine: Engine) -> None:
    sleeper(engine, "one", mounts=[{"type": "volume", "target": "/data"}], read_only=True)
    engine.write_archive("one", "/data", archive("file"))
    assert execute(engine, "one", "cat", "/data/file").out == b"data"
