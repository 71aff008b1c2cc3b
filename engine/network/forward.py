"""Queries handed on to other name servers: raw packets, one socket a query, without blocking."""

from __future__ import annotations

import _socket
import errno
import os
from collections.abc import Callable, Sequence

from engine.network import dns
from engine.runtime.loop import Loop, Timer

Reply = Callable[[bytes | None], None]  # None: nobody answered
OpenSocket = Callable[
    [int, int], _socket.socket
]  # (family, type): in the namespace queries leave from

# A lone server gets as long as Docker gives it; with several, a client must not lose patience before the last.
_ALONE, _AMONG_OTHERS, _BY_TCP = 4.0, 2.0, 5.0
# As Docker's: more at a time mean a program that has gone wild.
_MOST = 1024


class Forwarder:
    """What is under way for one container."""

    def __init__(self, loop: Loop, open_socket: OpenSocket) -> None:
        self.loop = loop
        self.open_socket = open_socket
        self.active: set[_Exchange] = set()

    def ask(self, message: bytes, servers: Sequence[str], reply: Reply, *, tcp: bool) -> None:
        """Call ``reply`` with the first usable answer, or with None."""
        if len(self.active) >= _MOST or not servers:
            reply(None)
            return
        kind = _TcpExchange if tcp else _UdpExchange
        kind(self, message, list(servers), reply).next_server()

    def close(self) -> None:
        """Drop everything under way; nobody is answered."""
        for exchange in list(self.active):
            exchange.end()


class _Exchange:
    """One query on its way through the list of servers. The id sent is a random one of ours."""

    kind = _socket.SOCK_DGRAM

    def __init__(self, owner: Forwarder, message: bytes, servers: list[str], reply: Reply) -> None:
        self._owner = owner
        self._loop = owner.loop
        self._client_id = message[:2]
        self._message = dns.with_id(message, os.urandom(2))
        self._patience = self._wait(len(servers))
        self._servers = servers
        self._reply = reply
        self._refusal: bytes | None = None
        self._socket: _socket.socket | None = None
        self._timer: Timer | None = None
        owner.active.add(self)

    def next_server(self) -> None:
        """Ask the next one; when there is none, pass on a refusal if that is all there was."""
        while True:
            self._drop()
            if not self._servers:
                self._finish(self._refusal)
                return
            server = self._servers.pop(0)
            try:
                self._start(server)
            except OSError:
                continue
            self._timer = self._loop.after(self._patience, self.next_server)
            return

    def end(self) -> None:
        self._drop()
        self._owner.active.discard(self)

    def _wait(self, servers: int) -> float:
        return _ALONE if servers == 1 else _AMONG_OTHERS

    def _start(self, server: str) -> None:
        family = _socket.AF_INET6 if ":" in server else _socket.AF_INET
        self._socket = self._owner.open_socket(family, self.kind | _socket.SOCK_NONBLOCK)
        address, _, zone = server.partition("%")
        target: tuple[str, int] | tuple[str, int, int, int] = (address, 53)
        if zone:
            index = int(zone) if zone.isdecimal() else _socket.if_nametoindex(zone)
            target = (address, 53, 0, index)
        error = self._socket.connect_ex(target)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, os.strerror(error))
        self._begin(self._socket)

    def _begin(self, sock: _socket.socket) -> None:
        raise NotImplementedError

    def _take(self, response: bytes) -> None:
        """Use an answer; a server that fails or refuses leaves it to the next."""
        response = dns.with_id(response, self._client_id)
        if dns.rcode_of(response) in (dns.SERVFAIL, dns.REFUSED) and self._servers:
            self._refusal = response
            self.next_server()
        else:
            self._finish(response)

    def _finish(self, response: bytes | None) -> None:
        self.end()
        self._reply(response)

    def _drop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None


class _UdpExchange(_Exchange):
    def _begin(self, sock: _socket.socket) -> None:
        sock.send(self._message)
        self._loop.on_read(sock.fileno(), self._readable)

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            response = self._socket.recv(65535)
        except BlockingIOError:
            return
        except OSError:  # nobody there (ICMP)
            self.next_server()
            return
        # The socket is connected, so it came from the server's address; a stray or forged one is passed over.
        if dns.answers(response, self._message):
            self._take(response)


class _TcpExchange(_Exchange):
    kind = _socket.SOCK_STREAM

    def _wait(self, servers: int) -> float:
        return _BY_TCP

    def _begin(self, sock: _socket.socket) -> None:
        self._unsent = len(self._message).to_bytes(2, "big") + self._message
        self._received = b""
        self._loop.on_write(sock.fileno(), self._writable)

    def _writable(self) -> None:
        assert self._socket is not None
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:
            self.next_server()
            return
        if not self._unsent:
            fd = self._socket.fileno()
            self._loop.on_write(fd, None)
            self._loop.on_read(fd, self._readable)

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(65537)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.next_server()
            return
        self._received += data
        size = int.from_bytes(self._received[:2], "big")
        if len(self._received) >= 2 + size and len(self._received) > 2:
            response = self._received[2 : 2 + size]
            if dns.answers(response, self._message):
                self._take(response)
            else:
                self.next_server()
