"""Published ports: held on the host for as long as the container runs, and led to it.

A port is a socket of the shim's, so a second user of the port gets EADDRINUSE, and a proxy serves it. Where the kernel
translates addresses, connections by IPv4 from outside and from the host never reach the socket.
"""

from __future__ import annotations

import _socket
import errno
import os
from collections.abc import Callable, Iterable, Sequence

from engine.kernel import namespaces
from engine.network import nat
from engine.network.proxy import Socket, TcpProxy, UdpProxy
from engine.network.ruleset import Mapping
from engine.runtime.loop import Loop
from schemas.errors import Conflict, Failed, InvalidArgument
from schemas.specs import Port
from schemas.typed import NamedTuple

# (host address, host port, container port, protocol), as ``docker ps`` shows them.
Binding = tuple[str, int, int, str]

ANY4, ANY6 = "0.0.0.0", "::"
_KINDS = {"tcp": _socket.SOCK_STREAM, "udp": _socket.SOCK_DGRAM}
_IPV6_V6ONLY = 26
_BACKLOG = 512
_ATTEMPTS = 64
_LATER = 0.1  # when the kernel is done with deleted elements, and closing the channel costs nothing
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPERM)


class Held(NamedTuple):
    """A port of the host that is ours: nobody else can bind it while the socket is open."""

    binding: Binding
    socket: Socket


def check(ports: list[Port]) -> None:
    """Conflict names the first port that something on this host holds already; InvalidArgument an address not the host's."""
    for held in hold(ports):
        held.socket.close()


def hold(ports: Iterable[Port]) -> list[Held]:
    """Take all the ports or none. Conflict names the one that is taken; of a range, or where no port was named, the
    first free one is chosen."""
    held: list[Held] = []
    try:
        for port in ports:
            held += _hold(port)
    except BaseException:
        for item in held:
            item.socket.close()
        raise
    return held


def translate(bindings: Iterable[Binding], ipv4: str) -> bool:
    """Have the kernel lead the ports to the container; False when it cannot, or there is nothing to translate."""
    mappings = _mappings(bindings, ipv4)
    return bool(mappings) and nat.publish(mappings)


def from_descriptor(binding: Binding, fd: int) -> Held:
    """A port that another process of ours took."""
    family = _socket.AF_INET6 if ":" in binding[0] else _socket.AF_INET
    return Held(binding, Socket(family, _KINDS[binding[3]], 0, fd))


def withdraw(bindings: Iterable[Binding], ipv4: str, *, ending: bool = False) -> None:
    """Let nothing lead to the container any more; absent is no error.

    A process that is ``ending`` leaves one descriptor open: closing it is a wait of ten milliseconds (see ``nat``).
    """
    mappings = _mappings(bindings, ipv4)
    channel = nat.withdraw(mappings) if mappings else None
    if channel is not None and ending:
        channel.detach()
    elif channel is not None:
        channel.close()


class Published:
    """The ports of one container."""

    def __init__(self, loop: Loop, netns: int) -> None:
        self._loop = loop
        self._netns = netns
        self._proxies: list[TcpProxy | UdpProxy] = []
        self._bindings: list[Binding] = []
        self._mappings: list[Mapping] = []
        self._addresses: list[str] = []

    def publish(self, ports: list[Port], ipv4: str, ipv6: str) -> list[Binding]:
        """Lead the ports to the container, all of them or none. Conflict names the one that is taken."""
        held = hold(ports)
        try:
            translate([item.binding for item in held], ipv4)
            self.serve(held, ipv4, ipv6)
        except BaseException:
            for item in held:
                item.socket.close()
            self.close()
            raise
        return [item.binding for item in held]

    def serve(self, held: Iterable[Held], ipv4: str, ipv6: str) -> None:
        """Take ports over, and carry what the kernel does not translate."""
        for item in held:
            proxy = UdpProxy if item.binding[3] == "udp" else TcpProxy
            connect = self._connector(item.binding[2], prefer6=":" in item.binding[0])
            self._proxies.append(proxy(self._loop, item.socket, connect))
            self._bindings.append(item.binding)
        self.lead(ipv4, ipv6)

    def lead(self, ipv4: str, ipv6: str) -> None:
        """Have connections to come go to these addresses of the container; "" for none."""
        self._addresses = [address for address in (ipv4, ipv6) if address]
        self._mappings = _mappings(self._bindings, ipv4)

    def close(self) -> None:
        """Give all ports back. Connections through the proxy end; translated ones live as long as both sides do."""
        mappings, self._mappings = self._mappings, []
        channel = nat.withdraw(mappings) if mappings else None
        if channel is not None:
            descriptor = channel.detach()
            self._loop.after(_LATER, lambda: os.close(descriptor))
        proxies, self._proxies = self._proxies, []
        for proxy in proxies:
            proxy.close()

    def _connector(self, port: int, *, prefer6: bool) -> Callable[[int, int], Socket | None]:
        """Connect from inside the container's namespace: it works whatever the firewall says, and on internal networks."""

        def connect(kind: int, attempt: int) -> Socket | None:
            if attempt >= len(self._addresses):
                return None
            order = sorted(self._addresses, key=lambda address: (":" in address) != prefer6)
            address = order[attempt]
            family = _socket.AF_INET6 if ":" in address else _socket.AF_INET
            with namespaces.in_namespace(self._netns, namespaces.CLONE_NEWNET):
                sock = Socket(family, kind | _socket.SOCK_NONBLOCK, 0)
            error = sock.connect_ex((address, port))
            if error not in (0, errno.EINPROGRESS):
                sock.close()
                raise OSError(error, address)
            return sock

        return connect


def _hold(port: Port) -> list[Held]:
    """Sockets on every address of the port, all with the same number."""
    first, last = _range(port)
    asked = port.get("host_ip") or ""
    hosts = [asked] if asked else [ANY4, ANY6]
    for number in range(first, last + 1) if first else [0] * _ATTEMPTS:
        try:
            return _hold_number(port, hosts, number)
        except OSError as err:
            if err.errno == errno.EADDRINUSE:
                continue
            if err.errno == errno.EADDRNOTAVAIL:
                raise InvalidArgument(
                    f"port {_words(asked, first, last, port)}: {asked} is not an address of this host"
                ) from err
            raise Failed(f"port {_words(asked, first, last, port)}: {err.strerror}") from err
    what = "all in use" if last > first else "already in use"
    raise Conflict(
        f"port {_words(asked, first, last, port)} is {what} on this host",
        hint=f"see what holds it: ss -lnp{port['protocol'][0]} 'sport = {first}'"
        if first
        else None,
    )


def _hold_number(port: Port, hosts: Sequence[str], number: int) -> list[Held]:
    held: list[Held] = []
    try:
        for host in hosts:
            try:
                sock = _bind(host, number, port["protocol"])
            except OSError as err:
                if host == ANY6 and held and err.errno in _NO_IPV6:
                    continue  # not asked for by name, and the host has no IPv6
                raise
            number = sock.getsockname()[1]
            held.append(Held((host, number, port["target"], port["protocol"]), sock))
    except BaseException:
        for item in held:
            item.socket.close()
        raise
    return held


def _bind(host: str, number: int, protocol: str) -> Socket:
    family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
    sock = Socket(family, _KINDS[protocol] | _socket.SOCK_NONBLOCK, 0)
    try:
        if family == _socket.AF_INET6:
            sock.setsockopt(_socket.IPPROTO_IPV6, _IPV6_V6ONLY, 1)
        if protocol == "tcp":
            # Connections of an earlier server that are not quite over yet hold nothing back.
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        sock.bind((host, number))
        if protocol == "tcp":
            sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _range(port: Port) -> tuple[int, int]:
    """First and last of the host ports that will do; (0, 0): any free one."""
    found = port.get("published_range")
    if found:
        return found[0], found[1]
    number = port.get("published") or 0
    return number, number


def _mappings(bindings: Iterable[Binding], ipv4: str) -> list[Mapping]:
    """What the kernel can translate: IPv4 to IPv4."""
    if not ipv4:
        return []
    return [
        Mapping("" if host == ANY4 else host, number, protocol, ipv4, target)
        for host, number, target, protocol in bindings
        if ":" not in host
    ]


def _words(host: str, first: int, last: int, port: Port) -> str:
    number = f"{first}-{last}" if last > first else str(first) if first else "(any)"
    address = f"[{host}]" if ":" in host else host
    return f"{address}:{number}/{port['protocol']}".removeprefix(":")
