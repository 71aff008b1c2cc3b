"""Archives that ADD unpacks: known by their content, not by their name."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from engine.image import compression
from engine.kernel import inroot
from engine.snapshot import layer, tarstream
from engine.snapshot.source import Source, ThreadSource
from engine.snapshot.tarstream import Entry
from schemas.errors import EngineError, Failed

_CHUNK = 1 << 20


class _Bzip2:
    def __init__(self) -> None:
        import bz2

        self._make, self._decoder = bz2.BZ2Decompressor, bz2.BZ2Decompressor()

    def feed(self, data: bytes) -> bytes:
        out = b""
        while data:
            if self._decoder.eof:
                self._decoder = self._make()
            out += self._decoder.decompress(data)
            data = self._decoder.unused_data
        return out

    def finish(self) -> None:
        if not self._decoder.eof:
            raise Failed("bzip2 data ends too early")


class _Xz:
    def __init__(self) -> None:
        import lzma

        self._decoder = lzma.LZMADecompressor()

    def feed(self, data: bytes) -> bytes:
        return b"" if self._decoder.eof else self._decoder.decompress(data)

    def finish(self) -> None:
        if not self._decoder.eof:
            raise Failed("xz data ends too early")


_MORE: dict[str, Any] = {"bzip2": _Bzip2, "xz": _Xz}


def is_archive(fd: int) -> bool:
    """Whether an open file is a tar, compressed or not."""
    try:
        chunks = _plain(fd)
        head = b""
        while len(head) < tarstream.BLOCK and (chunk := next(chunks, b"")):
            head += chunk
        if len(head) < tarstream.BLOCK or head[: tarstream.BLOCK] == bytes(tarstream.BLOCK):
            return False
        wanted = tarstream.number(head[148:156])
        return sum(head[:148]) + 256 + sum(head[156 : tarstream.BLOCK]) == wanted
    except (EngineError, OSError, EOFError, ValueError):
        return False
    finally:
        os.lseek(fd, 0, os.SEEK_SET)


def unpack(fd: int, directory: int) -> None:
    """Unpack into an open directory; what is there is replaced, directories are merged. InvalidArgument, Failed."""
    unpacker = _Unpacker(inroot.fd_path(directory))
    with ThreadSource(_plain(fd)) as source:
        layer.unpack_with(unpacker, source)
        source.drain()


def _plain(fd: int) -> Iterator[bytes]:
    data = os.read(fd, _CHUNK)
    kind = compression.detect(data)
    decoder = _MORE[kind]() if kind in _MORE else compression.decoder(kind)
    while data:
        out = decoder.feed(data)
        if out:
            yield out
        data = os.read(fd, _CHUNK)
    decoder.finish()


class _Unpacker(layer.Unpacker):
    """Names are what they are; what is in the archive keeps its owners."""

    whiteouts = False

    def add(self, entry: Entry, source: Source) -> None:
        if entry.type == tarstream.DIRECTORY and not layer.clean_name(entry.name):
            return  # where it is unpacked keeps its own attributes
        super().add(entry, source)

    def replace(self, parent: int, name: bytes, path: bytes, entry: Entry) -> None:
        there = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISLNK(there) and entry.type == tarstream.DIRECTORY:
            os.unlink(name, dir_fd=parent)
            return
        super().replace(parent, name, path, entry)
