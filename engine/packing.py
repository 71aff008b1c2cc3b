"""A file or a tree → tar (pax), from descriptors: while it is packed its owner may turn any name into a link."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator

from engine.kernel import inroot

_CHUNK = 1 << 20
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}
_CAPABILITY = "security.capability"


def pack(fd: int, name: str) -> Iterator[bytes]:
    """The tar of what the O_PATH descriptor stands for, under ``name``; sockets are left out."""
    yield from _entry(fd, name, {})
    yield bytes(2 * tarfile.BLOCKSIZE)


def pack_root(fd: int, devices: frozenset[int]) -> Iterator[bytes]:
    """The tar of a whole root without its own entry. What is mounted in it, from other than these devices, is empty."""
    yield from _children(fd, "", {}, devices)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _entry(
    fd: int, name: str, seen: dict[tuple[int, int], str], devices: frozenset[int] = frozenset()
) -> Iterator[bytes]:
    found = os.stat(fd)
    if devices and found.st_dev not in devices:
        yield from _mount_point(name, found)
        return
    kind = _KINDS.get(stat.S_IFMT(found.st_mode))
    if kind is None:
        return
    member = _member(fd, name, found, kind)
    identity = (found.st_dev, found.st_ino)
    if kind != tarfile.DIRTYPE and found.st_nlink > 1:
        if identity in seen:
            member.type, member.linkname, member.size = tarfile.LNKTYPE, seen[identity], 0
            yield _header(member)
            return
        seen[identity] = name
    yield _header(member)
    if kind == tarfile.REGTYPE:
        yield from _content(fd, member.size)
    elif kind == tarfile.DIRTYPE:
        yield from _children(fd, name, seen, devices)


def _mount_point(name: str, found: os.stat_result) -> Iterator[bytes]:
    """The directory or file that lies below a mount."""
    member = tarfile.TarInfo(name)
    is_directory = stat.S_ISDIR(found.st_mode)
    member.type = tarfile.DIRTYPE if is_directory else tarfile.REGTYPE
    member.mode = 0o755 if is_directory else 0o644
    yield _header(member)


def _children(
    fd: int, name: str, seen: dict[tuple[int, int], str], devices: frozenset[int]
) -> Iterator[bytes]:
    directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=fd)
    try:
        for child in sorted(os.listdir(directory)):
            try:
                entry = os.open(child, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            except FileNotFoundError:
                continue  # removed since
            try:
                path = f"{name.rstrip('/')}/{child}" if name else child
                yield from _entry(entry, path, seen, devices)
            finally:
                os.close(entry)
    finally:
        os.close(directory)


def _member(fd: int, name: str, found: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.mode = stat.S_IMODE(found.st_mode)
    member.uid, member.gid = found.st_uid, found.st_gid
    member.mtime = found.st_mtime
    if kind == tarfile.REGTYPE:
        member.size = found.st_size
        value = _capability(fd)
        if value is not None:
            member.pax_headers = {f"SCHILY.xattr.{_CAPABILITY}": value}
    elif kind == tarfile.SYMTYPE:
        member.linkname = os.readlink("", dir_fd=fd)
    elif kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        member.devmajor, member.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    return member


def _capability(fd: int) -> str | None:
    try:
        value = os.getxattr(inroot.fd_path(fd), _CAPABILITY)
    except OSError:
        return None
    return value.decode("utf-8", "surrogateescape")


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _content(fd: int, size: int) -> Iterator[bytes]:
    """Exactly ``size`` bytes: what has grown is cut, what has shrunk is filled up, since the header is out already."""
    file = os.open(inroot.fd_path(fd), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        left = size
        while left and (data := os.read(file, min(_CHUNK, left))):
            yield data
            left -= len(data)
        while left:
            pad = bytes(min(_CHUNK, left))
            yield pad
            left -= len(pad)
    finally:
        os.close(file)
    if size % tarfile.BLOCKSIZE:
        yield bytes(-size % tarfile.BLOCKSIZE)
