"""Clients of a container's name server, and other name servers for it to ask."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rrset

from engine.kernel import mount
from engine.network.resolver import Resolver
from engine.runtime.bundle import DnsPlan
from tests.support.netlab import Container, Lab, inside

Answer = Callable[[dns.message.Message], dns.message.Message | None]


@contextmanager
def servers_of_the_host(file: Path) -> Iterator[Callable[..., None]]:
    """Sets the name servers of the host's resolv.conf, which is ``file`` meanwhile."""
    file.write_text("nameserver 127.0.0.1\n")
    mount.mount(str(file), "/etc/resolv.conf", "", mount.MS_BIND)

    def set_servers(*servers: str) -> None:
        file.write_text("".join(f"nameserver {server}\n" for server in servers))

    yield set_servers
    mount.umount("/etc/resolv.conf", mount.MNT_DETACH)


def resolve_with(
    lab: Lab, container: Container, *, servers: tuple[str, ...] = (), options: tuple[str, ...] = ()
) -> Resolver:
    plan: DnsPlan = {
        "servers": list(servers),
        "explicit": bool(servers),
        "search": [],
        "options": list(options),
        "internal": all(plan["internal"] for plan in container.plans),
    }
    resolver = Resolver(lab.loop, container.netns, plan, container.network_ids)
    lab._closing.append(resolver.close)
    return resolver


def query(
    lab: Lab,
    container: Container,
    name: str,
    kind: str = "A",
    *,
    tcp: bool = False,
    payload: int = 0,
    within: float = 8.0,
) -> dns.message.Message:
    message = dns.message.make_query(name, kind, use_edns=0 if payload else -1, payload=payload)
    by = dns.query.tcp if tcp else dns.query.udp

    def work() -> dns.message.Message:
        with inside(container.netns):
            return by(message, "127.0.0.11", timeout=within)

    return lab.during(work)


def values(message: dns.message.Message) -> list[str]:
    return [item.to_text() for rrset in message.answer for item in rrset]


class Upstream:
    """A name server on port 53 of an address."""

    def __init__(self, lab: Lab, address: str, answer: Answer, *, netns: int | None = None) -> None:
        self.seen: list[tuple[str, str]] = []
        self._answer = answer
        with inside(netns):
            tcp = socket.create_server((address, 53))
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind((address, 53))
        threading.Thread(target=self._udp, args=(udp,), daemon=True).start()
        threading.Thread(target=self._tcp, args=(tcp,), daemon=True).start()
        for sock in (udp, tcp):
            lab._closing.append(lambda sock=sock: _shut(sock))  # type: ignore[misc]

    def _respond(self, data: bytes, how: str) -> bytes | None:
        message = dns.message.from_wire(data)
        self.seen.append((how, message.question[0].name.to_text()))
        response = self._answer(message)
        return response.to_wire() if response is not None else None

    def _udp(self, server: socket.socket) -> None:
        while True:
            try:
                data, peer = server.recvfrom(65535)
            except OSError:
                return
            if not data:
                return
            response = self._respond(data, "udp")
            if response is not None:
                server.sendto(response, peer)

    def _tcp(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                size = int.from_bytes(client.recv(2), "big")
                response = self._respond(client.recv(size), "tcp")
                if response is not None:
                    client.sendall(len(response).to_bytes(2, "big") + response)


def _shut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


def address_answer(address: str) -> Answer:
    def answer(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        name = message.question[0].name
        response.answer.append(dns.rrset.from_text(name, 60, "IN", "A", address))
        return response

    return answer


def rcode_answer(code: dns.rcode.Rcode) -> Answer:
    def answer(message: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(message)
        response.set_rcode(code)
        return response

    return answer


def silent(message: dns.message.Message) -> None:
    return None
