"""Send a container's lines elsewhere, and keep a copy here.

The shim never waits for a server: what cannot be sent at once waits in a buffer of limited size, whose oldest lines give
way; the copy has them all. A connection that breaks is made anew, at most once a second.
"""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable

from engine.runtime.bundle import Bundle
from engine.runtime.drivers import journald, syslog, tag
from engine.runtime.drivers.options import Plan
from engine.runtime.logwriter import Writer
from engine.runtime.loop import Loop
from schemas.errors import EngineError
from schemas.specs import Logging

# Docker cuts lines that are longer than this into several messages.
LONGEST = 16 << 10
_PAUSE = 1.0  # seconds between two attempts to connect
_FAREWELL = 2.0  # seconds that the last messages may take

Encode = Callable[[int, bytes, float], bytes]


class Remote:
    """A writer that sends lines and hands everything on to ``copy``."""

    def __init__(
        self,
        copy: Writer,
        loop: Loop,
        connect: Callable[[], socket.socket],
        encode: Encode,
        *,
        buffer: int,
        stream: bool,
    ) -> None:
        self._copy = copy
        self._loop = loop
        self._connect = connect
        self._encode = encode
        self._largest = buffer
        self._is_stream = stream
        self._socket: socket.socket | None = None
        self._tried = 0.0
        self._pausing = False  # what waits will be sent in a while
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._parts: dict[int, bytes] = {}

    def append(self, stream: int, data: bytes) -> None:
        """Keep the bytes, and send the lines that they complete."""
        self._copy.append(stream, data)
        now = time.time()
        lines = (self._parts.pop(stream, b"") + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            self._cut(stream, line, now)
        while len(rest) > LONGEST:
            self._queue(self._encode(stream, rest[:LONGEST], now))
            rest = rest[LONGEST:]
        if rest:
            self._parts[stream] = rest
        self._flush()

    def close(self) -> None:
        """Send what is left, for as long as a farewell may take."""
        self._copy.close()
        for stream, rest in self._parts.items():
            self._queue(self._encode(stream, rest, time.time()))
        deadline = time.monotonic() + _FAREWELL
        self._tried = 0.0
        self._flush()
        while self._waiting and self._socket is not None and time.monotonic() < deadline:
            select.select([], [self._socket], [], 0.1)
            self._flush()
        self._drop()

    def _cut(self, stream: int, line: bytes, now: float) -> None:
        for start in range(0, len(line) or 1, LONGEST):
            self._queue(self._encode(stream, line[start : start + LONGEST], now))

    def _queue(self, message: bytes) -> None:
        self._waiting.append(message)
        self._size += len(message)
        while self._size > self._largest and len(self._waiting) > 1:
            self._size -= len(self._waiting.popleft())

    def _flush(self) -> None:
        while self._waiting:
            if self._socket is None and not self._open():
                return
            assert self._socket is not None
            message = self._waiting[0]
            try:
                sent = self._socket.send(message)
            except (BlockingIOError, InterruptedError):
                self._loop.on_write(self._socket.fileno(), self._flush)
                return
            except OSError as err:
                if _would_block(err):
                    self._loop.on_write(self._socket.fileno(), self._flush)
                    return
                self._drop()
                if not self._is_stream:
                    self._pop()  # too long, or refused: the next one may do better
                    return
                continue
            if sent < len(message) and self._is_stream:
                self._waiting[0] = message[sent:]
                self._size -= sent
                continue
            self._pop()
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())

    def _pop(self) -> None:
        self._size -= len(self._waiting.popleft())

    def _open(self) -> bool:
        now = time.monotonic()
        if now - self._tried < _PAUSE:
            if not self._pausing:
                self._pausing = True
                self._loop.at(self._tried + _PAUSE, self._resume)
            return False
        self._tried = now
        try:
            self._socket = self._connect()
        except EngineError:
            self._loop.after(_PAUSE, self._flush)
            return False
        self._socket.setblocking(False)
        return True

    def _resume(self) -> None:
        self._pausing = False
        self._flush()

    def _drop(self) -> None:
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None


def open_remote(copy: Writer, plan: Plan, bundle: Bundle, loop: Loop) -> Remote:
    """The writer of a container whose lines go elsewhere."""
    logging = bundle["logging"]
    options = logging.get("options") or {}
    name = tag.render(options.get("tag") or tag.DEFAULT, bundle)
    if plan.remote == "journald":
        chosen = tag.attributes(options, bundle["labels"], bundle["env"])
        common = journald.common(journald.fields(bundle, name, chosen))

        def record(stream: int, line: bytes, when: float) -> bytes:
            return journald.message(common, stream, line)

        return Remote(copy, loop, journald.connect, record, buffer=plan.buffer, stream=False)
    return Remote(
        copy,
        loop,
        lambda: syslog.connect(options),
        syslog.form(options, name).message,
        buffer=plan.buffer,
        stream=syslog.is_stream(options),
    )


def check(logging: Logging) -> None:
    """Whether there is somebody to send to. Failed."""
    if logging.get("driver") == "journald":
        journald.connect().close()
    elif logging.get("driver") == "syslog":
        syslog.connect(logging.get("options") or {}).close()


def _would_block(err: OSError) -> bool:
    import ssl

    return isinstance(err, ssl.SSLWantWriteError | ssl.SSLWantReadError)
