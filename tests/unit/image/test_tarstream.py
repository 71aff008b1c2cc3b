"""Our reader of tar headers against the standard library's writer, and against GNU tar for what that cannot write."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.snapshot import tarstream
from engine.snapshot.source import FileSource
from schemas.errors import EngineError
from tests.support.images import member, symlink, tar


def read(path: Path) -> list[tuple[tarstream.Entry, bytes]]:
    with open(path, "rb") as file:
        source = FileSource(file.fileno(), 0, path.stat().st_size)
        found = []
        for entry in tarstream.entries(source):
            parts: list[bytes] = []
            tarstream.content(entry, source, lambda data: parts.append(bytes(data)))
            found.append((entry, b"".join(parts)))
        return found


def read_bytes(tmp_path: Path, data: bytes) -> list[tuple[tarstream.Entry, bytes]]:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    return read(path)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_names_sizes_owners_and_content_are_read(tmp_path: Path, format: int) -> None:
    data = tar(
        member("a/b", b"x" * 1000, mode=0o4755, uid=1000, gid=2000, mtime=1_600_000_000),
        symlink("l", "a/b"),
        member("d/" * 60 + "long", b"y"),
        format=format,
    )
    (first, content), (link, _), (long, y) = read_bytes(tmp_path, data)
    assert (first.name, first.mode, first.uid, first.gid, first.size) == (
        b"a/b",
        0o4755,
        1000,
        2000,
        1000,
    )
    assert content == b"x" * 1000
    assert first.mtime_ns == 1_600_000_000 * 10**9
    assert (link.type, link.linkname) == (tarstream.SYMLINK, b"a/b")
    assert (long.name, y) == (b"d/" * 60 + b"long", b"y")


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_very_long_names_and_large_owners_are_read(tmp_path: Path, format: int) -> None:
    name = "n" * 200 + "/" + "m" * 200
    data = tar(member(name, uid=5_000_000, gid=5_000_000), symlink("l", "t" * 300), format=format)
    (first, _), (link, _) = read_bytes(tmp_path, data)
    assert (first.name, first.uid) == (name.encode(), 5_000_000)
    assert link.linkname == b"t" * 300


def test_extended_attributes_are_read(tmp_path: Path) -> None:
    data = tar(member("a", pax={"SCHILY.xattr.user.x": "v", "mtime": "12.5"}))
    [(entry, _)] = read_bytes(tmp_path, data)
    assert entry.xattrs == {b"user.x": b"v"}
    assert entry.mtime_ns == 12_500_000_000


@pytest.mark.parametrize(
    "options",
    [["--format=gnu"], ["--format=pax"], ["--format=pax", "--sparse-version=0.0"], ["--format=pax", "--sparse-version=0.1"]],
)  # fmt: skip
def test_sparse_files_of_gnu_tar_are_read(tmp_path: Path, options: list[str]) -> None:
    sparse = tmp_path / "sparse"
    with open(sparse, "wb") as file:
        for at in range(0, 40 << 20, 1 << 20):
            file.seek(at)
            file.write(b"data")
        file.truncate(50 << 20)
    archive = tmp_path / "s.tar"
    subprocess.run(["tar", "-C", tmp_path, "-S", *options, "-cf", archive, "sparse"], check=True)
    [(entry, content)] = read(archive)
    assert entry.name == b"sparse"
    assert entry.size == 50 << 20
    assert entry.segments is not None
    whole = bytearray(entry.size)
    at = 0
    for offset, length in entry.segments:
        whole[offset : offset + length] = content[at : at + length]
        at += length
    assert bytes(whole) == sparse.read_bytes()


def test_a_record_without_a_length_is_refused_and_not_read_for_ever(tmp_path: Path) -> None:
    pax = {"SCHILY.xattr.user.a": "b", "SCHILY.xattr.user.b": "c"}
    data = tar(member("a", b"x", pax=pax))
    record = b"25 SCHILY.xattr.user.b=c\n"
    assert record in data
    damaged = data.replace(record, record.replace(b" ", b"0"))
    with pytest.raises(EngineError, match="damaged extended header"):
        read_bytes(tmp_path, damaged)


@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    import os

    fd = os.memfd_create("tar")
    try:
        os.write(fd, data)
        list(tarstream.entries(FileSource(fd, 0, len(data))))
    except EngineError:
        pass
    finally:
        os.close(fd)


@given(st.data())
def test_a_damaged_archive_is_read_or_refused(choice: st.DataObject) -> None:
    import os

    data = bytearray(
        tar(member("a" * 150, b"x" * 600, pax={"SCHILY.xattr.user.a": "b"}), symlink("l", "a"))
    )
    for _ in range(choice.draw(st.integers(1, 4))):
        data[choice.draw(st.integers(0, len(data) - 1))] = choice.draw(st.integers(0, 255))
    fd = os.memfd_create("tar")
    try:
        os.write(fd, data)
        list(tarstream.entries(FileSource(fd, 0, len(data))))
    except EngineError:
        pass
    finally:
        os.close(fd)
