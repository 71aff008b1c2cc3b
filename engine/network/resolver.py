"""The name server at 127.0.0.11 inside a container: names of its networks answered, all others handed on.

It lives in the shim's loop; its sockets are inside the container's network namespace.
"""

from __future__ import annotations

import _socket
import os
from collections.abc import Callable

from engine.kernel import namespaces
from engine.network import dns, hosts, nat
from engine.network.forward import Forwarder
from engine.network.names import Names
from engine.runtime.bundle import DnsPlan
from engine.runtime.loop import Loop, Timer
from schemas.errors import Failed

_PORT = 53
_HOST_CONFIGURATION = "/etc/resolv.conf"
# Packets taken at a time: enough to be quick, few enough for the loop's other duties.
_BURST = 32
_IDLE, _MOST_CLIENTS, _BACKLOG = 10.0, 64, 16

Send = Callable[[bytes], None]


class Resolver:
    """Name service for one container, from now until ``close()``. Failed when its address cannot be had.

    ``sockets`` are those of ``listen``, when that was called before.
    """

    def __init__(
        self,
        loop: Loop,
        netns: int,
        dns: DnsPlan,
        network_ids: list[str],
        *,
        sockets: tuple[int, int] | None = None,
    ) -> None:
        self._loop = loop
        self._netns = netns
        self._plan = dns
        self._names = Names(network_ids)
        self._ndots = _explicit_ndots(dns["options"])
        self._turn = os.getpid()
        self._forwarder = Forwarder(loop, self._open_upstream)
        self._host_servers: tuple[int, list[str]] = (0, [])
        self._clients: set[_Client] = set()
        udp, tcp = sockets or listen(netns)
        self._udp = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM, 0, udp)
        self._tcp = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, tcp)
        loop.on_read(self._udp.fileno(), self._datagrams)
        loop.on_read(self._tcp.fileno(), self._accept)

    def set_networks(self, ids: list[str], *, internal: bool | None = None) -> None:
        """Answer from these networks; ``internal`` says whether all of them are."""
        self._names = Names(ids)
        if internal is not None:
            self._plan = {**self._plan, "internal": internal}

    def close(self) -> None:
        self._forwarder.close()
        for client in list(self._clients):
            client.close()
        for sock in (self._udp, self._tcp):
            self._loop.forget(sock.fileno())
            sock.close()

    def resolve(self, message: bytes, send: Send, *, tcp: bool) -> None:
        """Answer ``message`` by calling ``send``, now or later; what is not even a header is dropped."""
        if len(message) < 12 or message[2] & 0x80:
            return
        query = dns.parse(message)
        if query is None:
            unknown = message[2] & 0x78  # another operation than a query
            send(dns.failure(message, dns.NOTIMP if unknown else dns.FORMERR))
            return
        limit = 65535 if tcp else dns.size_limit(query)
        records = self._records(query)
        if records is not None:
            send(dns.answer(query, records, limit=limit))
        elif self._plan["internal"]:
            send(dns.answer(query, rcode=dns.SERVFAIL, limit=limit))
        elif self._ndots and "." not in query.name and query.type in (dns.A, dns.AAAA):
            # The person asked for search domains first: let the client go on to them.
            send(dns.answer(query, limit=limit))
        else:

            def pass_on(response: bytes | None) -> None:
                if response is None:
                    response = dns.answer(query, rcode=dns.SERVFAIL, limit=limit)
                send(response)

            self._forwarder.ask(message, self._servers(), pass_on, tcp=tcp)

    def _records(self, query: dns.Query) -> list[bytes] | None:
        """The answer from the container's networks; empty for a name that has nothing of the type; None: not ours."""
        if query.kind != dns.IN:
            return None
        if query.type == dns.PTR:
            address = dns.reverse_address(query.name)
            name = self._names.name_of(address) if address else None
            return [dns.pointer_record(name)] if name else None
        found = self._names.addresses(self._linked(query.name))
        if not found:
            return None
        if query.type not in (dns.A, dns.AAAA):
            return []
        six = query.type == dns.AAAA
        found = [address for address in found if (":" in address) == six]
        if len(found) > 1:
            self._turn += 1
            start = self._turn % len(found)
            found = found[start:] + found[:start]
        return [dns.address_record(address) for address in found]

    def _linked(self, name: str) -> str:
        """The container that a link calls by this name, wherever it is now; else the name itself."""
        links = self._plan.get("links")
        return links.get(name.rstrip(".").lower(), name) if links else name

    def _servers(self) -> list[str]:
        """Those asked for, else the host's as they are now: a host changes its network, a container does not notice."""
        if self._plan["explicit"]:
            return self._plan["servers"]
        try:
            modified = os.stat(_HOST_CONFIGURATION).st_mtime_ns
            if modified != self._host_servers[0]:
                with open(_HOST_CONFIGURATION, encoding="utf-8", errors="replace") as file:
                    self._host_servers = (modified, hosts.upstream_servers(file.read()))
        except OSError:
            return self._plan["servers"]
        return self._host_servers[1]

    def _open_upstream(self, family: int, kind: int) -> _socket.socket:
        """Servers asked for are reached as the container reaches them; the host's as the host does."""
        if not self._plan["explicit"]:
            return _socket.socket(family, kind, 0)
        with namespaces.in_namespace(self._netns, namespaces.CLONE_NEWNET):
            return _socket.socket(family, kind, 0)

    def _datagrams(self) -> None:
        for _ in range(_BURST):
            try:
                message, client = self._udp.recvfrom(dns.OUR_SIZE)
            except OSError:  # nothing more, or the error of an earlier answer
                return
            self._answer(message, client)

    def _answer(self, message: bytes, client: tuple[str, int]) -> None:
        def send(data: bytes) -> None:
            try:
                self._udp.sendto(data, client)
            except OSError:
                return  # the client is gone, or takes no more: it will ask again

        self.resolve(message, send, tcp=False)

    def _accept(self) -> None:
        try:
            fd, _ = self._tcp._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fd)
        sock.setblocking(False)
        if len(self._clients) >= _MOST_CLIENTS:
            sock.close()
            return
        self._clients.add(_Client(self._loop, sock, self))

    def forget(self, client: _Client) -> None:
        """``client`` has closed its connection."""
        self._clients.discard(client)


class _Client:
    """A connection by TCP: messages with their length before them, as many as the client likes."""

    def __init__(self, loop: Loop, sock: _socket.socket, resolver: Resolver) -> None:
        self._loop = loop
        self._socket = sock
        self._fd = sock.fileno()
        self._resolver = resolver
        self._received = b""
        self._unsent = b""
        self._open = True
        self._timer: Timer = loop.after(_IDLE, self.close)
        loop.on_read(self._fd, self._readable)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._timer.cancel()
            self._loop.forget(self._fd)
            self._socket.close()
            self._resolver.forget(self)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._timer.cancel()
        self._timer = self._loop.after(_IDLE, self.close)
        self._received += data
        while self._open and len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2], "big")
            if len(self._received) < end:
                return
            message, self._received = self._received[2:end], self._received[end:]
            self._resolver.resolve(message, self._send, tcp=True)

    def _send(self, data: bytes) -> None:
        if self._open:
            self._unsent += len(data).to_bytes(2, "big") + data
            self._writable()

    def _writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        self._unsent = self._unsent[sent:]
        self._loop.on_write(self._fd, self._writable if self._unsent else None)


def listen(netns: int) -> tuple[int, int]:
    """Descriptors of the UDP and the TCP socket inside the namespace; Failed.

    Where the kernel can redirect, port 53 stays free for the container's own use.
    """
    try:
        with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
            udp, tcp = _bind(0)
            if not nat.redirect_resolver(udp.getsockname()[1], tcp.getsockname()[1]):
                udp.close()
                tcp.close()
                udp, tcp = _bind(_PORT)
    except OSError as err:
        raise Failed(f"name server at {hosts.RESOLVER}: {err.strerror}") from err
    return udp.detach(), tcp.detach()


def _bind(port: int) -> tuple[_socket.socket, _socket.socket]:
    flags = _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC
    udp = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM | flags, 0)
    tcp = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM | flags, 0)
    tcp.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    try:
        udp.bind((hosts.RESOLVER, port))
        tcp.bind((hosts.RESOLVER, port))
        tcp.listen(_BACKLOG)
    except BaseException:
        udp.close()
        tcp.close()
        raise
    return udp, tcp


def _explicit_ndots(options: list[str]) -> bool:
    """Whether a number of dots above none was asked for."""
    return any(option.startswith("ndots:") and option != "ndots:0" for option in options)
