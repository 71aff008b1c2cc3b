"""Write a container's log, with rotation. Only its shim does."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from engine import paths
from engine.runtime import logformat
from engine.runtime.bundle import Bundle
from engine.runtime.drivers.options import Plan
from engine.runtime.loop import Loop
from schemas.typed import Protocol

# Bytes that go into a file however small it should be.
_LEAST = 1024


class Writer(Protocol):
    def append(self, stream: int, data: bytes) -> None: ...
    def close(self) -> None: ...


class NoLog:
    """The logging driver "none"."""

    def append(self, stream: int, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


class LogWriter:
    """Appends frames to ``containers/<id>/log``; older ones are ``log.1``, ``log.2`` …, or ``log.1.gz`` …"""

    def __init__(self, id: str, plan: Plan) -> None:
        self._path = f"{paths.container_dir(id)}/log"
        self._max_size = plan.max_size
        self._max_files = plan.max_files
        self._compress = plan.compress
        self._compressing = -1  # the pidfd of the process that does it
        self._fd = -1  # opened with the first output: many containers never write
        self._size = 0

    def append(self, stream: int, data: bytes) -> None:
        """Write what one read returned. A full disk loses output, never the container."""
        if self._fd < 0 and not self._open():
            return
        if self._max_size:
            while self._size + logformat.HEADER.size + len(data) > self._max_size:
                part, data = self._fitting(data)
                if part:
                    self._write(stream, part)
                self._rotate()
                if self._fd < 0:
                    return
                if not data:
                    return
        self._write(stream, data)

    def _fitting(self, data: bytes) -> tuple[bytes, bytes]:
        """What still goes into the present file, up to the end of a line where one ends, and the rest."""
        room = self._max_size - self._size - logformat.HEADER.size
        if not self._size:
            room = max(room, _LEAST)
        end = data.rfind(b"\n", 0, max(room, 0)) + 1
        if not end and not self._size:
            end = room  # a line longer than a file may be
        return data[:end], data[end:]

    def _write(self, stream: int, data: bytes) -> None:
        header = logformat.encode(time.time(), stream, len(data))
        try:
            written = os.writev(self._fd, [header, data])
        except OSError:
            return
        if written < len(header) + len(data):
            # Half a frame would make the rest unreadable.
            os.ftruncate(self._fd, self._size)
            return
        self._size += written

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path, flags, 0o640)
        except OSError:
            return False
        self._size = os.fstat(self._fd).st_size
        return True

    def _rotate(self) -> None:
        self.close()
        if self._compress:
            from engine.runtime.drivers import compress

            compress.wait(self._compressing)
        if self._max_files > 1:
            for number in range(self._max_files - 1, 0, -1):
                self._shift(number)
        else:
            os.unlink(self._path)
        if self._compress:
            self._compressing = compress.begin(f"{self._path}.1")
        if not self._open():
            self._size = 0

    def _shift(self, number: int) -> None:
        """Make what comes before it the older file of this number, which gives way."""
        for suffix in ("", ".gz"):
            try:
                os.unlink(f"{self._path}.{number}{suffix}")
            except FileNotFoundError:
                pass
        if number == 1:
            os.rename(self._path, f"{self._path}.1")
            return
        for suffix in ("", ".gz"):
            try:
                os.rename(f"{self._path}.{number - 1}{suffix}", f"{self._path}.{number}{suffix}")
            except FileNotFoundError:
                continue


def open_log(id: str, plan: Plan, loop: Loop, load: Callable[[], Bundle]) -> Writer:
    """The writer of a container: its own files, and beside them whoever gets its lines as well."""
    own: Writer = LogWriter(id, plan) if plan.kept else NoLog()
    if not plan.remote:
        return own
    from engine.runtime.drivers import remote

    return remote.open_remote(own, plan, load(), loop)
