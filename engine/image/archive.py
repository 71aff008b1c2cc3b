"""An image archive: a tar whose members are found by name and read in any order.

Compressed archives and pipes are spooled, plain, into an unnamed file in the store: layers are needed in the order of
the manifest, which comes last.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Iterator
from typing import Any, Self

from engine import paths
from engine.image import compression
from engine.snapshot import tarstream
from engine.snapshot.source import FileSource
from schemas.errors import EngineError, Failed, InvalidArgument, NotFound
from schemas.typed import Protocol

CHUNK = 1 << 20
_JSON_LIMIT = 8 << 20  # a config with thousands of layers is far below
_LINKS = 8  # a member may be a link to a link


class Members(Protocol):
    """Named contents of which images are made: those of an archive, or of a directory."""

    def has(self, name: str) -> bool: ...
    def read(self, name: str) -> bytes: ...
    def json(self, name: str) -> Any: ...
    def parse(self, data: bytes, name: str) -> Any: ...
    def size(self, name: str) -> int: ...
    def chunks(self, name: str) -> Iterator[bytes]: ...


class Archive:
    """An open archive; use as a context manager."""

    def __init__(self, path: str) -> None:
        self._name = "standard input" if path == "-" else path
        self._fd = _open_plain(path)
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        try:
            self._index()
        except EngineError as err:
            os.close(self._fd)
            raise type(err)(f"{self._name}: {err.message}") from err

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def has(self, name: str) -> bool:
        return self._find(name) is not None

    def read(self, name: str) -> bytes:
        """A small member, whole."""
        offset, size = self._need(name)
        if size > _JSON_LIMIT:
            raise InvalidArgument(
                f"{self._name}: {name} has {size} bytes, too many to be a manifest"
            )
        return os.pread(self._fd, size, offset)

    def json(self, name: str) -> Any:
        """A small member as JSON."""
        return self.parse(self.read(name), name)

    def parse(self, data: bytes, name: str) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as err:
            raise InvalidArgument(f"{self._name}: {name} is not JSON: {err}") from err

    def size(self, name: str) -> int:
        return self._need(name)[1]

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member."""
        offset, size = self._need(name)
        end = offset + size
        while offset < end:
            data = os.pread(self._fd, min(CHUNK, end - offset), offset)
            if not data:
                raise Failed(f"{self._name}: the archive ends too early")
            yield data
            offset += len(data)

    def _index(self) -> None:
        source = FileSource(self._fd, 0, os.fstat(self._fd).st_size)
        for entry in tarstream.entries(source):
            name = _member_name(os.fsdecode(entry.name))
            if entry.type == tarstream.FILE and entry.segments is None:
                if entry.stored > os.fstat(self._fd).st_size - source.offset:
                    raise Failed("the archive ends too early")
                self._members[name] = (source.offset, entry.stored)
            elif entry.type == tarstream.SYMLINK:
                # "docker save" writes a repeated layer as a link to its first place.
                base = posixpath.dirname(name)
                self._links[name] = _member_name(posixpath.join(base, os.fsdecode(entry.linkname)))
            elif entry.type == tarstream.LINK:
                self._links[name] = _member_name(os.fsdecode(entry.linkname))

    def _find(self, name: str) -> tuple[int, int] | None:
        name = _member_name(name)
        for _ in range(_LINKS):
            if name in self._members:
                return self._members[name]
            if name not in self._links:
                return None
            name = self._links[name]
        return None

    def _need(self, name: str) -> tuple[int, int]:
        place = self._find(name)
        if place is None:
            raise InvalidArgument(f"{self._name}: the archive names {name} but does not hold it")
        return place


def _member_name(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")


def open_input(path: str) -> int:
    """Open the file, or standard input for "-"; NotFound and InvalidArgument in plain words."""
    if path == "-":
        if os.isatty(0):
            raise InvalidArgument("requested load from stdin, but stdin is empty")
        return os.dup(0)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound(f"open {path}: no such file or directory") from None
    except OSError as err:
        raise Failed(f"open {path}: {err.strerror}") from err
    if os.path.isdir(path):
        os.close(fd)
        raise InvalidArgument(f"{path} is a directory, not an archive")
    return fd


def read_chunks(fd: int, size: int = CHUNK) -> Iterator[bytes]:
    """What can be read from ``fd`` until its end."""
    while data := os.read(fd, size):
        yield data


def _open_plain(path: str) -> int:
    fd = open_input(path)
    try:
        chunks = read_chunks(fd)
        first = next(chunks, b"")
        kind = compression.detect(first)
        regular = os.path.isfile(path) if path != "-" else False
        if kind == "none" and regular:
            return os.dup(fd)
        return _spool(first, chunks, kind)
    finally:
        os.close(fd)


def _spool(first: bytes, rest: Iterator[bytes], kind: str) -> int:
    """Unpack into a file that nobody else sees and that ends with its descriptor."""
    directory = f"{paths.root()}/tmp"
    os.makedirs(directory, mode=0o700, exist_ok=True)
    decoder = compression.decoder(kind)
    fd = os.open(directory, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
    try:
        data = first
        while data:
            view = memoryview(decoder.feed(data))
            while view:
                view = view[os.write(fd, view) :]
            data = next(rest, b"")
        decoder.finish()
    except BaseException:
        os.close(fd)
        raise
    return fd
