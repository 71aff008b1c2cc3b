"""Files of ours as tar streams, for ``cp``: pack what goes into a container, unpack what comes out of one.

What comes out is not trusted: a container can make any name a link while it is read. Nothing is written outside of the
directory that was asked for: parents are opened one name at a time and never through a link.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from io import BytesIO

from schemas.engine import Bytes
from schemas.errors import UsageError

_CHUNK = 1 << 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Packed:
    """The tar of a local file or tree, under ``name``, made while it is read. ``follow``: a link at ``path`` itself."""

    def __init__(self, path: str, name: str, *, follow: bool) -> None:
        self._chunks = _pack(path, name, follow=follow)
        self._held = b""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; b"" at the end."""
        while not self._held:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._held = chunk
        data, self._held = self._held[:size], self._held[size:]
        return data


def _pack(path: str, name: str, *, follow: bool) -> Iterator[bytes]:
    archive = tarfile.TarFile(fileobj=BytesIO(), mode="w")  # for its memory of hard links only
    real = os.path.realpath(path) if follow else path
    yield from _packed(archive, real, name)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _packed(archive: tarfile.TarFile, path: str, name: str) -> Iterator[bytes]:
    if stat.S_ISSOCK(os.lstat(path).st_mode):
        return
    member = archive.gettarinfo(path, name)
    member.name = name  # as it is: gettarinfo() strips leading slashes
    yield member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    if member.isreg():
        with open(path, "rb", buffering=0) as file:
            left = member.size
            while left:
                # A file that has become shorter is filled up: its header is out already.
                data = file.read(min(_CHUNK, left)) or bytes(min(_CHUNK, left))
                yield data
                left -= len(data)
        yield bytes(-member.size % tarfile.BLOCKSIZE)
    elif member.isdir():
        for child in sorted(os.listdir(path)):
            yield from _packed(archive, f"{path}/{child}", f"{name.rstrip('/')}/{child}")


def unpack(archive: Bytes, directory: str, renamed: tuple[str, str] | None) -> None:
    """Unpack into ``directory``; ``renamed``: the first name of every path, and what it is called here."""
    root = os.open(directory or "/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    times: list[tuple[tuple[str, ...], tarfile.TarInfo]] = []
    try:
        with tarfile.open(fileobj=archive, mode="r|", errorlevel=2) as tar:  # type: ignore[call-overload]
            for member in tar:
                parts = _parts(member.name, renamed)
                _place(root, tar, member, parts, renamed)
                if member.isdir():
                    times.append((parts, member))
        for parts, member in reversed(times):  # making their content has changed their times
            fd = _open(root, parts)
            os.fchmod(fd, member.mode & 0o7777)
            os.utime(fd, (member.mtime, member.mtime))
            os.close(fd)
    finally:
        os.close(root)


def _parts(name: str, renamed: tuple[str, str] | None) -> tuple[str, ...]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UsageError(f"the archive holds a name outside of it: {name}")
    if renamed:
        old, new = renamed
        if old == ".":
            parts.insert(0, new)
        elif parts[:1] == [old] or old == "/":
            parts[: 0 if old == "/" else 1] = [new]
    return tuple(parts)


def _place(
    root: int,
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    parts: tuple[str, ...],
    renamed: tuple[str, str] | None,
) -> None:
    if not parts:
        return  # the directory itself
    parent = _open(root, parts[:-1])
    try:
        _clear(parent, parts[-1], member)
        _make(root, parent, tar, member, parts[-1], renamed)
    finally:
        os.close(parent)


def _clear(parent: int, name: str, member: tarfile.TarInfo) -> None:
    """Take away what has the name; a directory and something else do not take each other's place."""
    try:
        there = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(there) != member.isdir():
        first, second = (
            ("directory", "non-directory")
            if stat.S_ISDIR(there)
            else ("non-directory", "directory")
        )
        raise UsageError(f'cannot overwrite {first} "{member.name}" with {second}')
    if not member.isdir():
        os.unlink(name, dir_fd=parent)


def _make(
    root: int,
    parent: int,
    tar: tarfile.TarFile,
    member: tarfile.TarInfo,
    name: str,
    renamed: tuple[str, str] | None,
) -> None:
    if member.isdir():
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            pass
        return
    if member.issym():
        os.symlink(member.linkname, name, dir_fd=parent)
    elif member.islnk():
        target = _parts(member.linkname, renamed)
        source = _open(root, target[:-1])
        try:
            os.link(target[-1], name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(source)
        return
    elif member.isfifo():
        os.mkfifo(name, member.mode & 0o7777, dir_fd=parent)
    elif member.isreg():
        _file(parent, tar, member, name)
    else:
        raise UsageError(f"{member.name}: devices are not copied")
    os.utime(name, (member.mtime, member.mtime), dir_fd=parent, follow_symlinks=False)


def _file(parent: int, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
    content = tar.extractfile(member)
    assert content is not None
    fd = os.open(name, _NEW, 0o600, dir_fd=parent)
    with open(fd, "wb") as file:
        while data := content.read(_CHUNK):
            file.write(data)
        os.fchmod(fd, member.mode & 0o7777)


def _open(root: int, parts: tuple[str, ...]) -> int:
    """Open a directory below ``root``, made when missing; never through a link."""
    fd = os.dup(root)
    for part in parts:
        try:
            os.mkdir(part, 0o755, dir_fd=fd)
        except FileExistsError:
            pass
        try:
            below = os.open(part, _DIRECTORY, dir_fd=fd)
        finally:
            os.close(fd)
        fd = below
    return fd
