"""Layers on a real file system: what a tar says is what lies in the directory, and hostile ones stay inside it."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.snapshot import layer
from engine.snapshot.source import ThreadSource
from schemas.errors import EngineError, Failed, InvalidArgument
from tests.support.images import directory, member, symlink, tar

LINK = tarfile.LNKTYPE


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The layer's directory, in one that holds a bystander."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("untouched")
    (tmp_path / "layer").mkdir()
    return tmp_path / "layer"


def unpack(data: bytes, place: Path) -> int:
    with ThreadSource(iter([data[at : at + 700] for at in range(0, len(data), 700)])) as source:
        return layer.unpack(source, str(place))


def outside(place: Path) -> Iterator[str]:
    for path in sorted((place.parent / "outside").rglob("*")):
        yield f"{path.name} {path.read_text()}"


def test_files_have_content_mode_owner_and_time(place: Path) -> None:
    size = unpack(
        tar(
            directory("d", 0o750, uid=7, mtime=100),
            member("d/f", b"hello", mode=0o4711, uid=5, gid=6, mtime=1_000_000_000),
            symlink("d/l", "f", uid=9),
            member("d/h", type=LINK, linkname="d/f"),
            member("d/fifo", type=tarfile.FIFOTYPE, mode=0o622),
            member("d/null", type=tarfile.CHRTYPE, mode=0o666, device=(1, 3)),
        ),
        place,
    )
    assert size == 5
    entry = (place / "d/f").stat()
    assert (place / "d/f").read_text() == "hello"
    assert (stat.S_IMODE(entry.st_mode), entry.st_uid, entry.st_gid) == (0o4711, 5, 6)
    assert (entry.st_mtime, entry.st_nlink) == (1_000_000_000, 2)
    assert os.readlink(place / "d/l") == "f" and (place / "d/l").lstat().st_uid == 9
    parent = (place / "d").stat()
    assert (stat.S_IMODE(parent.st_mode), parent.st_uid, parent.st_mtime) == (0o750, 7, 100)
    null = (place / "d/null").stat()
    assert stat.S_ISCHR(null.st_mode) and null.st_rdev == os.makedev(1, 3)
    assert stat.S_IMODE(null.st_mode) == 0o666
    assert stat.S_ISFIFO((place / "d/fifo").stat().st_mode)


def test_attributes_are_set_but_none_that_speak_to_overlayfs(place: Path) -> None:
    unpack(
        tar(
            member(
                "f",
                pax={"SCHILY.xattr.user.a": "b", "SCHILY.xattr.trusted.overlay.redirect": "/etc"},
            ),
            directory("d", pax={"SCHILY.xattr.trusted.overlay.opaque": "y"}),
        ),
        place,
    )
    assert os.listxattr(place / "f") == ["user.a"]
    assert os.listxattr(place / "d") == []


def test_a_whiteout_becomes_what_overlayfs_knows(place: Path) -> None:
    unpack(tar(directory("d"), member("d/.wh.gone"), member("e/.wh..wh..opq")), place)
    gone = (place / "d/gone").lstat()
    assert stat.S_ISCHR(gone.st_mode) and gone.st_rdev == 0
    assert os.getxattr(place / "e", layer.OPAQUE) == b"y"
    assert os.listdir(place / "e") == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_directory_removed_and_made_again_hides_the_old_one(place: Path, order: int) -> None:
    unpack(tar(*[member(".wh.d"), directory("d")][::order], member("d/new", b"x")), place)
    assert os.getxattr(place / "d", layer.OPAQUE) == b"y"
    assert (place / "d/new").read_text() == "x"


def test_a_whiteout_does_not_hide_what_its_own_layer_holds(place: Path) -> None:
    unpack(tar(member("f", b"kept"), member(".wh.f")), place)
    assert (place / "f").read_text() == "kept"


def test_bookkeeping_of_aufs_is_left_out(place: Path) -> None:
    unpack(tar(member(".wh..wh.plnk"), member(".wh..wh.orph")), place)
    assert os.listdir(place) == []


def test_a_later_member_of_the_same_name_wins(place: Path) -> None:
    unpack(
        tar(
            member("a", b"1"),
            member("a", b"2"),
            directory("b"),
            member("b/x", b"x"),
            member("b", b"file now"),
            symlink("c", "a"),
            directory("c"),
            member("c/y", b"y"),
        ),
        place,
    )
    assert (place / "a").read_text() == "2"
    assert (place / "b").read_text() == "file now"
    assert not (place / "c").is_symlink() and (place / "c/y").read_text() == "y"


def test_a_repeated_directory_keeps_its_content(place: Path) -> None:
    unpack(tar(directory("d"), member("d/f", b"x"), directory("d", 0o700)), place)
    assert (place / "d/f").read_text() == "x"
    assert stat.S_IMODE((place / "d").stat().st_mode) == 0o700


def test_a_path_through_a_link_of_the_layer_stays_in_the_layer(place: Path) -> None:
    unpack(tar(directory("usr"), symlink("lib", "/usr"), member("lib/f", b"x")), place)
    assert (place / "usr/f").read_text() == "x"


@pytest.mark.parametrize("name", ["../outside/secret", "a/../../outside/secret", "./../x", ".."])
def test_a_name_that_climbs_out_is_refused(place: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match="outside"):
        unpack(tar(member(name, b"evil")), place)
    assert list(outside(place)) == ["secret untouched"]


def test_an_absolute_name_means_the_layer(place: Path) -> None:
    unpack(tar(member("/etc/x", b"x")), place)
    assert (place / "etc/x").read_text() == "x"


@pytest.mark.parametrize("target", ["../outside", "/", "../../../../../../tmp"])
def test_a_link_does_not_lead_a_file_out(place: Path, target: str) -> None:
    bystanders = set(os.listdir("/tmp")), set(os.listdir("/"))
    unpack(tar(symlink("l", target), member("l/pycompose-escaped", b"evil")), place)
    assert list(outside(place)) == ["secret untouched"]
    assert "pycompose-escaped" not in set(os.listdir("/tmp")) | set(os.listdir("/"))
    assert bystanders[1] == set(os.listdir("/"))


def test_an_absolute_link_does_not_lead_a_file_out(place: Path) -> None:
    link = str(place.parent / "outside")
    unpack(tar(symlink("l", link), member("l/secret", b"evil")), place)
    assert list(outside(place)) == ["secret untouched"]


def test_a_link_in_the_last_place_is_replaced_not_followed(place: Path) -> None:
    link = str(place.parent / "outside" / "secret")
    unpack(tar(symlink("l", link), member("l", b"evil")), place)
    assert list(outside(place)) == ["secret untouched"]
    assert (place / "l").read_text() == "evil" and not (place / "l").is_symlink()


def test_a_directory_swapped_for_a_link_in_the_middle_does_not_lead_out(place: Path) -> None:
    link = str(place.parent / "outside")
    unpack(
        tar(directory("d"), member("d/a"), symlink("d", link), member("d/secret", b"evil")), place
    )
    assert list(outside(place)) == ["secret untouched"]


@pytest.mark.parametrize("target", ["../outside/secret", "/../outside/secret"])
def test_a_hard_link_outside_is_refused(place: Path, target: str) -> None:
    with pytest.raises(InvalidArgument):
        unpack(tar(member("h", type=LINK, linkname=target)), place)


def test_a_hard_link_through_a_link_does_not_reach_outside(place: Path) -> None:
    link = str(place.parent / "outside")
    with pytest.raises(EngineError):
        unpack(tar(symlink("l", link), member("h", type=LINK, linkname="l/secret")), place)
    assert (place.parent / "outside/secret").stat().st_nlink == 1


def test_a_hard_link_to_something_missing_is_refused(place: Path) -> None:
    with pytest.raises(InvalidArgument, match="missing"):
        unpack(tar(member("h", type=LINK, linkname="nothing")), place)


@pytest.mark.parametrize("name", [".wh.", ".wh...", "d/.wh.."])
def test_a_whiteout_of_nothing_is_refused(place: Path, name: str) -> None:
    with pytest.raises(InvalidArgument):
        unpack(tar(directory("d"), member(name)), place)


def test_an_archive_cut_short_is_an_error(place: Path) -> None:
    with pytest.raises(Failed, match="too early"):
        unpack(tar(member("f", b"x" * 5000))[:2000], place)


def test_a_size_that_lies_is_an_error(place: Path) -> None:
    entry = tarfile.TarInfo("f")
    entry.size = 1 << 40
    buffer = io.BytesIO(entry.tobuf(tarfile.GNU_FORMAT) + b"few bytes")
    with pytest.raises(Failed, match="too early"):
        unpack(buffer.getvalue(), place)


def test_an_extended_header_that_would_fill_the_memory_is_refused(place: Path) -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 1 << 40
    with pytest.raises(InvalidArgument, match="extended header"):
        unpack(entry.tobuf(tarfile.GNU_FORMAT), place)


def test_a_name_too_long_for_the_file_system_is_an_error(place: Path) -> None:
    with pytest.raises(Failed, match="File name too long"):
        unpack(tar(member("n" * 300)), place)


def test_a_member_of_unknown_type_is_named(place: Path) -> None:
    entry = tarfile.TarInfo("strange")
    entry.type = b"Z"
    with pytest.raises(InvalidArgument, match="strange"):
        unpack(entry.tobuf() + bytes(1024), place)


def test_deep_directories_are_unpacked(place: Path) -> None:
    unpack(tar(member("d/" * 200 + "f", b"x")), place)
    assert os.path.exists(f"{place}/" + "d/" * 200 + "f")


def test_sparse_files_stay_sparse(place: Path, tmp_path: Path) -> None:
    import subprocess

    with open(tmp_path / "s", "wb") as file:
        file.seek(30 << 20)
        file.write(b"end")
    packed = subprocess.run(
        ["tar", "-C", tmp_path, "-S", "--format=pax", "-c", "s"], check=True, capture_output=True
    )
    assert unpack(packed.stdout, place) == (30 << 20) + 3
    assert (place / "s").read_bytes()[-3:] == b"end"
    assert (place / "s").stat().st_blocks * 512 < 1 << 20
