"""The files of a container's log, read as one while its shim rotates, compresses and deletes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, cast

from engine import paths
from engine.runtime.logformat import BEGINNING, Decoder, Frame, beginning_time

_CHUNK = 1 << 18
# Looks at the directory that a rotation may spoil one after another.
_TRIES = 50


class Files:
    """Goes from the oldest file to the newest; a file is known by what it begins with, since its name changes."""

    def __init__(self, id: str) -> None:
        self._path = f"{paths.container_dir(id)}/log"
        self._file: BinaryIO | None = None
        self._own = b""  # what the present file began with before it was compressed
        self._decoder = Decoder()

    def read(self) -> Iterator[Frame]:
        """The frames from where we are to the present end. A damaged log ends there."""
        try:
            while self._file is not None or self._next():
                yield from self._rest()
                if self._is_newest():
                    return
                # It has been rotated away, so that nothing more will come; something may have come before.
                yield from self._rest()
                if not self._next():
                    return
        except ValueError:
            return

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _rest(self) -> Iterator[Frame]:
        assert self._file is not None
        while data := self._file.read(_CHUNK):
            yield from self._decoder.feed(data)

    def _next(self) -> bool:
        """Open the file after the present one, the oldest at first; False when there is none."""
        for attempt in range(_TRIES):
            newest = _inode(self._path)
            try:
                name = self._following(_names(self._path))
                if name is None:
                    return False
                # What a compressed file was is written in its header; of another the file itself tells.
                beginning = _beginning(name) if name.endswith(".gz") else b""
                file = _open(name)
            except FileNotFoundError:
                continue
            # A rotation meanwhile may have given the name to another file.
            if _inode(self._path) == newest or attempt == _TRIES - 1:
                self.close()
                self._file, self._own, self._decoder = file, beginning, Decoder()
                return True
            file.close()
        return False

    def _following(self, names: list[str]) -> str | None:
        """Which of the files, oldest first, comes after the present one. FileNotFoundError."""
        if self._file is None:
            return names[0] if names else None
        beginnings = [_beginning(name) for name in names]
        own = self._own or os.pread(self._file.fileno(), BEGINNING, 0)
        if own in beginnings:
            # While a file is being compressed it is there twice.
            last = len(beginnings) - 1 - beginnings[::-1].index(own)
            return names[last + 1] if last + 1 < len(names) else None
        # Many a rotation has gone by: go on with the oldest that is left, and never back.
        for name, beginning in zip(names, beginnings, strict=True):
            if not own or not beginning or beginning_time(beginning) > beginning_time(own):
                return name
        return None

    def _is_newest(self) -> bool:
        return self._file is not None and os.fstat(self._file.fileno()).st_ino == _inode(self._path)


def _open(name: str) -> BinaryIO:
    if name.endswith(".gz"):
        import gzip

        return cast("BinaryIO", gzip.open(name, "rb"))
    return open(name, "rb", buffering=0)


def _names(path: str) -> list[str]:
    """The files of a log, oldest first."""
    directory, base = os.path.split(path)
    try:
        found = os.listdir(directory)
    except FileNotFoundError:
        return []
    older = [name for name in found if _number(name, base) > 0]
    older.sort(key=lambda name: (-_number(name, base), name))
    return [f"{directory}/{name}" for name in [*older, *([base] if base in found else [])]]


def _number(name: str, base: str) -> int:
    """The number of an older file, 0 for what is none."""
    word = name.removeprefix(f"{base}.").removesuffix(".gz")
    return int(word) if name.startswith(f"{base}.") and word.isdecimal() else 0


def _beginning(path: str) -> bytes:
    """What a file begins with, which tells it from the others; b"" for one that is empty. FileNotFoundError."""
    if path.endswith(".gz"):
        from engine.runtime.drivers import compress

        return compress.beginning(path)
    with open(path, "rb", buffering=0) as file:
        return file.read(BEGINNING)


def _inode(path: str) -> int:
    """0 for a file that is away."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0
