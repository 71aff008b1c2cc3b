"""Where tar bytes come from: a file that can be sought, or chunks that another thread produces."""

from __future__ import annotations

import errno
import os
import queue
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Self

from schemas.errors import Failed
from schemas.typed import Protocol

_CHUNK = 1 << 20
_LARGE = 64 << 10  # what is smaller is copied in less time than the kernel takes to be asked

_CANNOT_COPY = (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)
NEWS = struct.Struct("<Q")


class Source(Protocol):
    """Bytes in order. ``take``, ``copy`` and ``pour`` raise Failed when the bytes end before ``size``. ``pour`` writes to
    an open file, where its offset is."""

    def at_end(self) -> bool: ...
    def take(self, size: int) -> bytes | memoryview: ...
    def copy(self, size: int, write: Callable[[bytes | memoryview], None]) -> None: ...
    def pour(self, size: int, fd: int) -> None: ...
    def skip(self, size: int) -> None: ...


class FileSource:
    """A part of an open file; skipping costs nothing."""

    def __init__(self, fd: int, offset: int, end: int) -> None:
        self._fd = fd
        self._end = end
        self.offset = offset

    def at_end(self) -> bool:
        return self.offset >= self._end

    def take(self, size: int) -> bytes:
        data = os.pread(self._fd, size, self._advance(size))
        if len(data) != size:
            raise _short()
        return data

    def copy(self, size: int, write: Callable[[bytes | memoryview], None]) -> None:
        while size:
            data = self.take(min(size, _CHUNK))
            write(data)
            size -= len(data)

    def pour(self, size: int, fd: int) -> None:
        while size >= _LARGE:
            part = min(size, _CHUNK)
            self._transfer(self._advance(part), part, fd)
            size -= part
        if size:
            write(fd, self.take(size))

    def skip(self, size: int) -> None:
        self._advance(size)

    def _transfer(self, offset: int, size: int, fd: int) -> None:
        """Have the kernel copy, which moves the bytes once instead of twice."""
        while size:
            try:
                done = os.copy_file_range(self._fd, fd, size, offset)
            except OSError as err:
                if err.errno not in _CANNOT_COPY:
                    raise
                data = os.pread(self._fd, size, offset)
                write(fd, data)
                done = len(data)
            if not done:
                raise _short()
            offset += done
            size -= done

    def _advance(self, size: int) -> int:
        offset = self.offset
        if offset + size > self._end:
            raise _short()
        self.offset = offset + size
        return offset


class FollowedSource(FileSource):
    """A file that another process is writing: it says on the pipe ``news`` how far it has come (eight bytes, the last of
    which count), and closes that at the end."""

    def __init__(self, fd: int, news: int) -> None:
        super().__init__(fd, 0, 0)
        self._news = news

    def at_end(self) -> bool:
        return self.offset >= self._end and not self._wait()

    def drain(self) -> None:
        """Wait for the end."""
        while self._wait():
            pass

    def _advance(self, size: int) -> int:
        while self.offset + size > self._end and self._wait():
            pass
        return super()._advance(size)

    def _wait(self) -> bool:
        """Whether there is more than before."""
        news = os.read(self._news, 512 * NEWS.size)
        if news:
            (self._end,) = NEWS.unpack(news[-NEWS.size :])
        return bool(news)


class ChunkSource:
    """Chunks of any size, taken from an iterator when they are needed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._view = memoryview(b"")
        self._ended = False

    def at_end(self) -> bool:
        return not self._view and not self._next()

    def take(self, size: int) -> bytes | memoryview:
        if len(self._view) >= size:
            part = self._view[:size]
            self._view = self._view[size:]
            return part
        parts: list[bytes | memoryview] = []
        self.copy(size, parts.append)
        return b"".join(parts)

    def copy(self, size: int, write: Callable[[bytes | memoryview], None]) -> None:
        while size:
            if not self._view and not self._next():
                raise _short()
            part = self._view[:size]
            self._view = self._view[len(part) :]
            write(part)
            size -= len(part)

    def pour(self, size: int, fd: int) -> None:
        self.copy(size, lambda data: write(fd, data))

    def skip(self, size: int) -> None:
        self.copy(size, _drop)

    def drain(self) -> None:
        """Take all that is left, so that the producer has seen every byte."""
        while self._next():
            pass

    def _next(self) -> bool:
        """Have the next chunk in ``_view``; whether there is one."""
        if self._ended:
            return False
        chunk = self._chunk()
        self._ended = chunk is None
        self._view = memoryview(chunk or b"")
        return not self._ended

    def _chunk(self) -> bytes | None:
        """One that is not empty; None at the end."""
        return next(filter(None, self._chunks), None)


class ThreadSource(ChunkSource):
    """Chunks produced in a thread of their own, so that reading, hashing and inflating overlap with what takes them.

    Use as a context manager: leaving it ends the thread. An error of the producer is raised where its bytes are missed.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__(chunks)
        self._queue: queue.Queue[bytes | BaseException | None] = queue.Queue(maxsize=8)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="layer-source", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._queue.get_nowait()
            except queue.Empty:
                self._thread.join(0.01)

    def _chunk(self) -> bytes | None:
        item = self._queue.get()
        if isinstance(item, BaseException):
            self._ended = True
            raise item
        return item

    def _produce(self) -> None:
        end: BaseException | None = None
        try:
            for chunk in self._chunks:
                if chunk:
                    self._queue.put(chunk)
                if self._stop.is_set():
                    break
        except BaseException as err:  # noqa: BLE001  carried over to the taking thread
            end = err
        self._queue.put(end)


def write(fd: int, data: bytes | memoryview) -> None:
    """Write all of it."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _drop(_: bytes | memoryview) -> None:
    pass


def _short() -> Failed:
    return Failed("the archive ends too early")
