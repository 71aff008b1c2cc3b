"""``cp``: which way, from where, under which name; and tar streams of our own files."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from compose.ops.cp import Place, _arrange, direction, split_argument
from compose.ops.tarfiles import Packed, unpack
from schemas.errors import UsageError
from tests.support import images


@pytest.mark.parametrize(
    ("text", "service", "path"),
    [
        ("web:/etc/passwd", "web", "/etc/passwd"),
        ("web:relative", "web", "relative"),
        ("/a:b", "", "/a:b"),
        ("./web:file", "", "./web:file"),
        ("file", "", "file"),
        ("-", "", "-"),
    ],
)
def test_a_service_stands_before_a_colon_unless_the_path_says_that_it_is_ours(
    text: str, service: str, path: str
) -> None:
    assert split_argument(text) == (service, path)


def test_one_side_must_be_a_service_and_only_one() -> None:
    assert direction("web:/a", "b").outward
    assert not direction("a", "web:/b").outward
    with pytest.raises(UsageError, match="copying between services is not supported"):
        direction("web:/a", "db:/b")
    with pytest.raises(UsageError, match="unknown copy direction"):
        direction("a", "b")


@pytest.mark.parametrize(
    ("name", "is_dir", "target", "typed", "result"),
    [
        ("one", False, Place("/tmp", True, True), "/tmp/", ("/tmp", "one")),
        ("dir", True, Place("/tmp", True, True), "/tmp", ("/tmp", "dir")),
        (".", True, Place("/tmp", True, True), "/tmp", ("/tmp", ".")),
        ("one", False, Place("/tmp/x", True, False), "/tmp/x", ("/tmp", "x")),
        ("one", False, Place("/tmp/new", False, False), "/tmp/new", ("/tmp", "new")),
        ("dir", True, Place("/tmp/new", False, False), "/tmp/new/", ("/tmp", "new")),
        ("one", False, Place("new", False, False), "new", (".", "new")),
    ],
)
def test_what_a_copy_is_called_follows_docker_cp(
    name: str, is_dir: bool, target: Place, typed: str, result: tuple[str, str]
) -> None:
    assert _arrange(name, is_dir, target, typed) == result


def test_a_directory_does_not_replace_a_file_nor_does_a_file_make_a_directory() -> None:
    with pytest.raises(UsageError, match="cannot copy directory"):
        _arrange("dir", True, Place("/tmp/x", True, False), "/tmp/x")
    with pytest.raises(UsageError, match="no such directory"):
        _arrange("one", False, Place("/tmp/x", False, False), "/tmp/x/")


def _tree(directory: Path) -> Path:
    tree = directory / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "one").write_text("1\n")
    (tree / "one").chmod(0o4751)
    os.link(tree / "one", tree / "sub" / "hard")
    (tree / "link").symlink_to("/etc/hostname")
    os.mkfifo(tree / "fifo")
    os.utime(tree / "one", (1_000_000_000, 1_000_000_000))
    os.utime(tree, (1_000_000_001, 1_000_000_001))
    return tree


def test_a_tree_survives_packing_and_unpacking(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    there = tmp_path / "there"
    there.mkdir()
    unpack(Packed(str(tree), "tree", follow=False), str(there), ("tree", "named"))
    copy = there / "named"
    assert (copy / "one").read_text() == "1\n"
    assert stat.S_IMODE((copy / "one").stat().st_mode) == 0o4751
    assert (copy / "one").stat().st_mtime == 1_000_000_000
    assert copy.stat().st_mtime == 1_000_000_001
    assert (copy / "sub" / "hard").stat().st_ino == (copy / "one").stat().st_ino
    assert os.readlink(copy / "link") == "/etc/hostname"
    assert stat.S_ISFIFO((copy / "fifo").stat().st_mode)


def test_contents_go_into_what_is_there(tmp_path: Path) -> None:
    tree = _tree(tmp_path)
    there = tmp_path / "there"
    (there / "sub").mkdir(parents=True)
    (there / "sub" / "kept").write_text("")
    (there / "one").write_text("old")
    unpack(Packed(str(tree), ".", follow=False), str(there), None)
    assert (there / "one").read_text() == "1\n"
    assert (there / "sub" / "kept").exists()


def test_a_link_is_copied_as_one_unless_it_is_to_be_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("content")
    (tmp_path / "link").symlink_to("real")
    for follow, kind in ((False, tarfile.SYMTYPE), (True, tarfile.REGTYPE)):
        packed = Packed(str(tmp_path / "link"), "link", follow=follow)
        with tarfile.open(
            fileobj=io.BytesIO(packed.read(1 << 20) + packed.read(1 << 20) + packed.read(1 << 20))
        ) as tar:
            assert tar.getmembers()[0].type == kind


@pytest.mark.parametrize(
    "members",
    [
        [images.member("../out", b"x")],
        [images.member("a/../../out", b"x")],
        [images.symlink("way", "/"), images.member("way/out", b"x")],
        [images.symlink("way", ".."), images.member("way/out", b"x")],
        [images.symlink("way", ".."), images.directory("way/out")],
        [
            images.symlink("way", ".."),
            images.member("hard", type=tarfile.LNKTYPE, linkname="way/secret"),
        ],
        [images.member("hard", type=tarfile.LNKTYPE, linkname="../secret")],
    ],
)
def test_nothing_of_an_archive_reaches_outside(
    members: list[tuple[tarfile.TarInfo, bytes]], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    there = tmp_path / "there"
    there.mkdir()
    with pytest.raises((UsageError, OSError)):
        unpack(io.BytesIO(images.tar(*members)), str(there), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret", "there"]
    assert not (there / "hard").exists()


def test_a_link_that_is_there_already_is_not_followed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "victim").write_text("untouched")
    (there / "file").symlink_to(tmp_path / "victim")
    unpack(io.BytesIO(images.tar(images.member("file", b"new"))), str(there), None)
    assert (tmp_path / "victim").read_text() == "untouched"
    assert (there / "file").read_text() == "new"


def test_a_file_does_not_take_the_place_of_a_directory(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    with pytest.raises(UsageError, match='cannot overwrite directory "name" with non-directory'):
        unpack(io.BytesIO(images.tar(images.member("name", b"x"))), str(tmp_path), None)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match='cannot overwrite non-directory "file" with directory'):
        unpack(io.BytesIO(images.tar(images.directory("file"))), str(tmp_path), None)
