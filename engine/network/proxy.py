"""Published ports forwarded by hand: TCP connections spliced, UDP packets passed on, in the shim's loop.

It serves what the kernel does not translate: connections by IPv6, from containers, and all where there is no NAT. What is taken
from one side is held in a pipe until the other side has it, and nothing more is taken meanwhile.
"""

from __future__ import annotations

import _socket
import errno
import os
import struct
import time
from collections.abc import Callable
from typing import Any

from engine.runtime.loop import Loop, Timer

Socket = _socket.socket
# Gives a socket that is connected, or connecting, to the container: (kind, number of the attempt from 0).
# None: there is no further address to try. OSError: this attempt failed.
Connect = Callable[[int, int], Socket | None]
Address = tuple[Any, ...]

_FLAGS = _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC
_CHUNK = 1 << 20
_SPLICE_NONBLOCK = 0x2
_BURST = 32
_PAUSE = 0.1  # when descriptors run out
_UDP_IDLE, _MOST_FLOWS, _SWEEP = 90.0, 1024, 10.0  # as docker-proxy's
_SO_LINGER_RESET = struct.pack("ii", 1, 0)
_TCP_NODELAY, _IPPROTO_TCP = 1, 6
_IP_PKTINFO, _IPV6_RECVPKTINFO, _IPV6_PKTINFO = 8, 49, 50


class Pipes:
    """Empty pipes, shared by all connections: only one that waits for its receiver holds one for itself."""

    def __init__(self) -> None:
        self._free: list[tuple[int, int]] = []

    def take(self) -> tuple[int, int]:
        return self._free.pop() if self._free else os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def give(self, pipe: tuple[int, int], *, empty: bool) -> None:
        if empty and len(self._free) < 4:
            self._free.append(pipe)
        else:
            os.close(pipe[0])
            os.close(pipe[1])

    def close(self) -> None:
        while self._free:
            self.give(self._free.pop(), empty=False)


class TcpProxy:
    """Accepts on ``listener``, which it owns, until ``close()``."""

    def __init__(self, loop: Loop, listener: Socket, connect: Connect) -> None:
        self.loop = loop
        self.connect = connect
        self.pipes = Pipes()
        self.connections: set[_Connection] = set()
        self._listener = listener
        self._timer: Timer | None = None
        self._listen()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.loop.forget(self._listener.fileno())
        self._listener.close()
        for connection in list(self.connections):
            connection.reset()
        self.pipes.close()

    def _listen(self) -> None:
        self._timer = None
        self.loop.on_read(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(_BURST):
            try:
                fd, _ = self._listener._accept()  # type: ignore[attr-defined]
            except BlockingIOError:
                return
            except OSError as err:
                if err.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    self._pause()
                    return
                continue  # the client went before we came (accept(2))
            client = Socket(self._listener.family, _socket.SOCK_STREAM, 0, fd)
            client.setblocking(False)
            _Connection(self, client).attempt()

    def _pause(self) -> None:
        """Without a descriptor the listener would stay readable, and the loop would spin."""
        self.loop.on_read(self._listener.fileno(), None)
        self._timer = self.loop.after(_PAUSE, self._listen)


class _Connection:
    """A client and the container, once it answers; ends when both directions have."""

    def __init__(self, proxy: TcpProxy, client: Socket) -> None:
        self._proxy = proxy
        self._loop = proxy.loop
        self._client = client
        self._backend: Socket | None = None
        self._attempt = 0
        self._directions: tuple[_Direction, ...] = ()
        proxy.connections.add(self)

    def attempt(self) -> None:
        """Connect to the container's next address; without one, refuse the client as the container did."""
        while True:
            self._drop_backend()
            try:
                self._backend = self._proxy.connect(_socket.SOCK_STREAM, self._attempt)
            except OSError:
                self._attempt += 1
                continue
            self._attempt += 1
            if self._backend is None:
                self.reset()
                return
            self._loop.on_write(self._backend.fileno(), self._connected)
            return

    def reset(self) -> None:
        """End at once, so that both sides see an error and not an end."""
        for sock in (self._client, self._backend):
            if sock is not None:
                try:
                    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, _SO_LINGER_RESET)
                except OSError:
                    continue
        self._end()

    def ended(self) -> None:
        """A direction has come to its end."""
        if all(direction.done for direction in self._directions):
            self._end()

    def _connected(self) -> None:
        assert self._backend is not None
        self._loop.on_write(self._backend.fileno(), None)
        if self._backend.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR):
            self.attempt()
            return
        for sock in (self._client, self._backend):
            sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_KEEPALIVE, 1)
        self._directions = (
            _Direction(self, self._proxy, self._client, self._backend),
            _Direction(self, self._proxy, self._backend, self._client),
        )
        for direction in self._directions:
            direction.resume()

    def _drop_backend(self) -> None:
        if self._backend is not None:
            self._loop.forget(self._backend.fileno())
            self._backend.close()
            self._backend = None

    def _end(self) -> None:
        for direction in self._directions:
            direction.release()
        self._directions = ()
        self._drop_backend()
        if self._client.fileno() >= 0:
            self._loop.forget(self._client.fileno())
            self._client.close()
        self._proxy.connections.discard(self)


class _Direction:
    """From one socket to the other."""

    def __init__(
        self, connection: _Connection, proxy: TcpProxy, source: Socket, target: Socket
    ) -> None:
        self._connection = connection
        self._loop = proxy.loop
        self._pipes = proxy.pipes
        self._source = source.fileno()
        self._target = target.fileno()
        self._target_socket = target
        self._pipe: tuple[int, int] | None = None  # held while it has something in it
        self._pending = 0
        self.done = False

    def resume(self) -> None:
        self._loop.on_read(self._source, self._readable)

    def release(self) -> None:
        self.done = True
        if self._pipe is not None:
            self._pipes.give(self._pipe, empty=self._pending == 0)
            self._pipe = None

    def _readable(self) -> None:
        if self._pipe is None:
            try:
                self._pipe = self._pipes.take()
            except OSError:
                self._connection.reset()
                return
        try:
            # The pipe is empty, so EAGAIN speaks of the socket.
            self._pending = os.splice(self._source, self._pipe[1], _CHUNK, flags=_SPLICE_NONBLOCK)
        except BlockingIOError:
            self._idle()
            return
        except OSError:
            self._connection.reset()
            return
        if self._pending:
            self._flush()
        else:
            self._finish()

    def _flush(self) -> None:
        assert self._pipe is not None
        while self._pending:
            try:
                self._pending -= os.splice(
                    self._pipe[0], self._target, self._pending, flags=_SPLICE_NONBLOCK
                )
            except BlockingIOError:
                self._loop.on_read(self._source, None)
                self._loop.on_write(self._target, self._writable)
                return
            except OSError:
                self._connection.reset()
                return
        self._idle()

    def _writable(self) -> None:
        self._flush()
        if not self._pending and not self.done:
            self._loop.on_write(self._target, None)
            self.resume()

    def _finish(self) -> None:
        """The source has said all it had to say: tell the target, which may still answer."""
        self._loop.on_read(self._source, None)
        self.release()
        try:
            self._target_socket.shutdown(_socket.SHUT_WR)
        except OSError:
            self._connection.reset()
            return
        self._connection.ended()

    def _idle(self) -> None:
        assert self._pipe is not None
        self._pipes.give(self._pipe, empty=True)
        self._pipe = None


class UdpProxy:
    """Passes packets on from ``listener``, which it owns; each client has a socket of its own towards the container."""

    def __init__(self, loop: Loop, listener: Socket, connect: Connect) -> None:
        self.loop = loop
        self._listener = listener
        self._connect = connect
        self._flows: dict[tuple[Address, bytes], _Flow] = {}
        self._timer: Timer | None = None
        # An answer must leave from the address that the client has sent to.
        self._level, self._info = (
            (_socket.IPPROTO_IPV6, _IPV6_PKTINFO)
            if listener.family == _socket.AF_INET6
            else (_socket.IPPROTO_IP, _IP_PKTINFO)
        )
        option = _IPV6_RECVPKTINFO if self._info == _IPV6_PKTINFO else _IP_PKTINFO
        listener.setsockopt(self._level, option, 1)
        loop.on_read(listener.fileno(), self._readable)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.loop.forget(self._listener.fileno())
        self._listener.close()
        for flow in self._flows.values():
            flow.close()
        self._flows.clear()

    def answer(self, data: bytes, client: Address, local: bytes) -> None:
        """Send a packet of the container's to the client."""
        ancillary = [(self._level, self._info, local)] if local else []
        try:
            self._listener.sendmsg([data], ancillary, 0, client)
        except OSError:
            return  # lost, as packets may be

    def _readable(self) -> None:
        for _ in range(_BURST):
            try:
                data, ancillary, _, client = self._listener.recvmsg(65535, 64)
            except BlockingIOError:
                return
            except OSError:
                continue  # the error of an earlier answer
            local = self._local(ancillary)
            flow = self._flows.get((client, local)) or self._open(client, local)
            if flow is not None:
                flow.forward(data)

    def _open(self, client: Address, local: bytes) -> _Flow | None:
        if len(self._flows) >= _MOST_FLOWS:
            oldest = min(self._flows, key=lambda key: self._flows[key].used)
            self._flows.pop(oldest).close()
        try:
            backend = self._connect(_socket.SOCK_DGRAM, 0)
        except OSError:
            return None
        if backend is None:
            return None
        flow = self._flows[client, local] = _Flow(self, backend, client, local)
        if self._timer is None:
            self._timer = self.loop.after(_SWEEP, self._sweep)
        return flow

    def _sweep(self) -> None:
        limit = time.monotonic() - _UDP_IDLE
        for key, flow in list(self._flows.items()):
            if flow.used < limit:
                self._flows.pop(key).close()
        self._timer = self.loop.after(_SWEEP, self._sweep) if self._flows else None

    def _local(self, ancillary: list[tuple[int, int, bytes]]) -> bytes:
        """Where the packet was sent to, in the form that sendmsg takes it."""
        for level, kind, data in ancillary:
            if (level, kind) != (self._level, self._info):
                continue
            if kind == _IP_PKTINFO:
                return bytes(4) + data[4:8] + bytes(4)
            # The interface matters for link-local addresses only; for others the route decides.
            return data if data[:2] == b"\xfe\x80" else data[:16] + bytes(4)
        return b""


class _Flow:
    """One client of a UDP port."""

    def __init__(self, proxy: UdpProxy, backend: Socket, client: Address, local: bytes) -> None:
        self._proxy = proxy
        self._backend = backend
        self._client = client
        self._local = local
        self.used = time.monotonic()
        proxy.loop.on_read(backend.fileno(), self._readable)

    def close(self) -> None:
        self._proxy.loop.forget(self._backend.fileno())
        self._backend.close()

    def forward(self, data: bytes) -> None:
        self.used = time.monotonic()
        try:
            self._backend.send(data)
        except OSError:
            return  # nobody listens in the container, or it is slow: lost, as packets may be

    def _readable(self) -> None:
        for _ in range(_BURST):
            try:
                data = self._backend.recv(65535)
            except BlockingIOError:
                return
            except OSError:
                continue
            self.used = time.monotonic()
            self._proxy.answer(data, self._client, self._local)
