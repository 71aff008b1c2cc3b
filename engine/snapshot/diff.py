"""A layer's directory (the upper directory of an overlay) → its tar, the same bytes for the same files.

The way back of ``layer``: a 0:0 character device becomes ``.wh.name``, an opaque directory holds ``.wh..wh..opq`` (OCI image
spec, layer.md#whiteouts). Members are sorted by name; times are whole seconds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from engine.snapshot.layer import OPAQUE

_BLOCK = 512
_CHUNK = 1 << 20
_FOREIGN = ("trusted.overlay.", "user.overlay.", "security.selinux")
_OPAQUE_NAME = ".wh..wh..opq"
_KINDS = {
    stat.S_IFREG: b"0", stat.S_IFLNK: b"2", stat.S_IFCHR: b"3", stat.S_IFBLK: b"4", stat.S_IFDIR: b"5", stat.S_IFIFO: b"6",
}  # fmt: skip
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_OCTAL = {8: 0o7777777, 12: 0o77777777777}  # what fits into a field of that many bytes


def pack(directory: str, *, root: bool = False) -> Iterator[bytes]:
    """The tar of a layer. ``root``: the top directory is a member, for a layer that changes it. Sockets are left out."""
    seen: dict[tuple[int, int], str] = {}
    if root:
        yield _member("./", os.stat(directory), _attributes(directory), "")
    yield from _below(directory, "", seen)
    yield bytes(2 * _BLOCK)


def pack_with(directory: str, others: dict[str, str]) -> Iterator[bytes]:
    """The tar of a layer that lies in several directories: that of the root, and others by their place ("usr")."""
    seen: dict[tuple[int, int], str] = {}
    yield from _below(directory, "", seen)
    for place, other in others.items():
        yield from _below(other, f"{place}/", seen)
    yield bytes(2 * _BLOCK)


def _below(directory: str, prefix: str, seen: dict[tuple[int, int], str]) -> Iterator[bytes]:
    for name in sorted(os.listdir(directory)):
        path, member = f"{directory}/{name}", prefix + name
        found = os.lstat(path)
        mode = found.st_mode
        if stat.S_ISCHR(mode) and found.st_rdev == 0:
            yield _whiteout(f"{prefix}.wh.{name}")
            continue
        if stat.S_IFMT(mode) not in _KINDS:
            continue
        identity = (found.st_dev, found.st_ino)
        if found.st_nlink > 1 and not stat.S_ISDIR(mode):
            if identity in seen:
                yield _member(member, found, {}, seen[identity], hard=True)
                continue
            seen[identity] = member
        attributes = _attributes(path)
        opaque = attributes.pop(OPAQUE, b"") == b"y"
        if stat.S_ISDIR(mode):
            yield _member(f"{member}/", found, attributes, "")
            if opaque:
                yield _whiteout(f"{member}/{_OPAQUE_NAME}")
            yield from _below(path, f"{member}/", seen)
        elif stat.S_ISREG(mode):
            yield _member(member, found, attributes, "")
            yield from _content(path, found.st_size)
        else:
            link = os.readlink(path) if stat.S_ISLNK(mode) else ""
            yield _member(member, found, attributes, link)


def _content(path: str, size: int) -> Iterator[bytes]:
    fd = os.open(path, _READ)
    try:
        left = size
        while left:
            data = os.read(fd, min(left, _CHUNK))
            if not data:
                raise OSError(5, "changed while it was read", path)
            left -= len(data)
            if left == 0 and size % _BLOCK:
                data += bytes(-size % _BLOCK)
            yield data
    finally:
        os.close(fd)


def _attributes(path: str) -> dict[str, bytes]:
    """Extended attributes that belong to the file, and the mark of an opaque directory."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError:
        return {}
    return {
        name: os.getxattr(path, name, follow_symlinks=False)
        for name in sorted(names)
        if name == OPAQUE or not name.startswith(_FOREIGN)
    }


def _whiteout(name: str) -> bytes:
    return _header(os.fsencode(name), b"0", 0, 0, 0, 0, 0, b"", {})


def _member(
    name: str, found: os.stat_result, attributes: dict[str, bytes], link: str, *, hard: bool = False
) -> bytes:
    mode = found.st_mode
    kind = b"1" if hard else _KINDS[stat.S_IFMT(mode)]
    pax = {f"SCHILY.xattr.{key}".encode(): value for key, value in attributes.items()}
    device = found.st_rdev if kind in (b"3", b"4") else -1
    return _header(
        os.fsencode(name),
        kind,
        stat.S_IMODE(mode),
        found.st_uid,
        found.st_gid,
        found.st_size if kind == b"0" else 0,
        found.st_mtime_ns // 1_000_000_000,
        os.fsencode(link),
        pax,
        device,
    )


def _header(
    name: bytes,
    kind: bytes,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    link: bytes,
    pax: dict[bytes, bytes],
    device: int = -1,
) -> bytes:
    """A ustar header; what does not fit into it goes before it, in pax records (POSIX.1-2001)."""
    more: dict[bytes, bytes] = {}
    if len(name) > 100 or not name.isascii():
        more[b"path"] = name
    if len(link) > 100 or not link.isascii():
        more[b"linkpath"] = link
    for key, value, width in (
        (b"uid", uid, 8), (b"gid", gid, 8), (b"size", size, 12), (b"mtime", mtime, 12),
    ):  # fmt: skip
        if not 0 <= value <= _OCTAL[width]:
            more[key] = str(value).encode()
    more |= pax
    if b"uid" in more:
        uid = 0
    if b"gid" in more:
        gid = 0
    if b"size" in more:
        size = 0
    if b"mtime" in more:
        mtime = 0
    plain = _ustar(name, kind, mode, uid, gid, size, mtime, link, device)
    if not more:
        return plain
    records = b"".join(_record(key, value) for key, value in sorted(more.items()))
    about = _ustar(
        b"PaxHeaders/" + name.rstrip(b"/")[-80:], b"x", 0o644, 0, 0, len(records), 0, b"", -1
    )
    return about + records + bytes(-len(records) % _BLOCK) + plain


def _record(key: bytes, value: bytes) -> bytes:
    """``length key=value\\n``, where the length counts itself."""
    body = b" " + key + b"=" + value + b"\n"
    length = len(body) + len(str(len(body)))
    if len(str(length)) + len(body) != length:
        length += 1
    return str(length).encode() + body


def _ustar(
    name: bytes,
    kind: bytes,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    link: bytes,
    device: int,
) -> bytes:
    devices = (
        b"%07o\0%07o\0" % (os.major(device), os.minor(device)) if device >= 0 else b"0000000\0" * 2
    )
    head = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0        %b%bustar\x0000%b%b" % (
        name[:100].ljust(100, b"\0"), mode, uid, gid, size, mtime, kind, link[:100].ljust(100, b"\0"), bytes(64), devices,
    )  # fmt: skip
    head = head.ljust(_BLOCK, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]
