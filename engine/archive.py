"""Files out of a container and into it, as tar streams (the archive endpoints of the Engine API)."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator

from engine import images
from engine.kernel import inroot, mount
from engine.packing import pack, pack_root
from engine.snapshot import layer, tarstream
from engine.snapshot.source import ThreadSource
from engine.snapshot.tarstream import Entry
from engine.state import containers as rows
from engine.visit import root_of
from schemas.engine import Bytes
from schemas.errors import Conflict, EngineError, Failed, InvalidArgument, NotFound, SyscallError
from schemas.records import PathInfo

_CHUNK = 1 << 20


def path_info(reference: str, path: str) -> PathInfo:
    """What is at ``path``; NotFound."""
    with root_of(reference) as root:
        fd = _last(root, path, reference)
        try:
            found = os.stat(fd)
            link = _leads_to(root, path, fd) if stat.S_ISLNK(found.st_mode) else ""
        finally:
            os.close(fd)
    return PathInfo(_name(path), found.st_size, found.st_mode, found.st_mtime, link)


class Reader:
    """A tar that is being made while it is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
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

    def close(self) -> None:
        """Leave the container."""
        close: Callable[[], None] = getattr(self._chunks, "close", lambda: None)
        close()


def read(reference: str, path: str) -> Reader:
    """The file or tree at ``path``; NotFound is raised here, before anything is read."""
    chunks = _chunks(reference, path)
    next(chunks)  # the container is open and the path is there
    return Reader(chunks)


def _chunks(reference: str, path: str) -> Iterator[bytes]:
    with root_of(reference) as root:
        fd = _last(root, path, reference)
        try:
            yield b""
            yield from pack(fd, _name(path))
        finally:
            os.close(fd)


def export(reference: str) -> Reader:
    """The whole root, without what is mounted in it."""
    chunks = _root_chunks(reference)
    next(chunks)  # the container is open
    return Reader(chunks)


def _root_chunks(reference: str) -> Iterator[bytes]:
    with root_of(reference) as root:
        yield b""
        devices = {os.stat(root).st_dev}
        if images.record(rows.get(reference).image_id).kind == "host":
            # /usr of the system's own root is a mount of its own, and part of it all the same.
            devices.add(os.stat("usr", dir_fd=root).st_dev)
        yield from pack_root(root, frozenset(devices))


def write(reference: str, path: str, archive: Bytes) -> None:
    """Unpack into the directory ``path``; NotFound, InvalidArgument, Conflict."""
    with root_of(reference) as root:
        fd = inroot.existing(root, path or "/")
        if fd is None:
            raise _missing(path, reference)
        try:
            if not stat.S_ISDIR(os.stat(fd).st_mode):
                raise InvalidArgument(f"{path}: not a directory")
            with ThreadSource(iter(lambda: archive.read(_CHUNK), b"")) as source:
                layer.unpack_with(_Unpacker(inroot.fd_path(fd)), source)
                source.drain()
        except Failed as err:
            raise _explained(err, path) from err
        finally:
            os.close(fd)


class _Unpacker(layer.Unpacker):
    """Into a directory that is in use: names are what they are, and kinds are kept."""

    whiteouts = False

    def replace(self, parent: int, name: bytes, path: bytes, entry: Entry) -> None:
        shown = os.fsdecode(path)
        there = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISDIR(there):
            raise Conflict(f'cannot overwrite directory "{shown}" with non-directory')
        if entry.type == tarstream.DIRECTORY:
            raise Conflict(f'cannot overwrite non-directory "{shown}" with directory')
        if _is_mount(parent, name):
            # Taking it away would unmount it in the container.
            raise Conflict(f'"{shown}" is a mount of the container: device or resource busy')
        super().replace(parent, name, path, entry)


def _is_mount(parent: int, name: bytes) -> bool:
    fd = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        return _mount_id(fd) != _mount_id(parent)
    finally:
        os.close(fd)


def _mount_id(fd: int) -> bytes:
    with open(f"/proc/self/fdinfo/{fd}", "rb") as file:
        return next(line for line in file if line.startswith(b"mnt_id:"))


def _last(root: int, path: str, reference: str) -> int:
    """Open what is at ``path`` itself: a link is not followed, unless the path says that it is a directory."""
    flags = os.O_PATH | os.O_CLOEXEC
    if _follows(path):
        flags |= os.O_DIRECTORY
    else:
        flags |= os.O_NOFOLLOW
    try:
        return mount.open_in_root(root, path or "/", flags)
    except SyscallError as err:
        if err.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise _missing(path, reference) from err
        raise


def _follows(path: str) -> bool:
    return path == "" or path.endswith("/") or os.path.basename(path) in (".", "..")


def _name(path: str) -> str:
    """What the tree is called in its archive: its contents are asked for as ``path/.``."""
    if path.rstrip("/").endswith("/.") or path in (".", "./"):
        return "."
    return os.path.basename(path.rstrip("/")) or "/"


def _leads_to(root: int, path: str, link: int) -> str:
    """The place that a link means, from the container's root."""
    found = inroot.existing(root, path)
    if found is not None:
        try:
            base = os.readlink(inroot.fd_path(root)).rstrip("/")
            target = os.readlink(inroot.fd_path(found))
        finally:
            os.close(found)
        if target.startswith(f"{base}/"):
            return target[len(base) :]
    # A link to nothing: what it would mean.
    text = os.readlink("", dir_fd=link)
    return os.path.normpath(os.path.join("/", os.path.dirname(path), text))


def _missing(path: str, reference: str) -> NotFound:
    return NotFound(f"Could not find the file {path} in container {reference}")


def _explained(err: Failed, path: str) -> EngineError:
    if isinstance(err.__cause__, (OSError, SyscallError)) and err.__cause__.errno == errno.EROFS:
        return Conflict(f"{path}: mounted volume or container rootfs is marked read-only")
    return err
