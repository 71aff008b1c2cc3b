"""Published ports, translated by the kernel and forwarded by the proxy."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from engine.kernel.netlink import nfnetlink
from engine.network import firewall, nat, ports, ruleset
from engine.network.ports import Binding, Published
from schemas.errors import Conflict, InvalidArgument
from schemas.specs import Port
from tests.support.eventually import eventually
from tests.support.netlab import HOST, NEIGHBOUR, Container, Lab, inside

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture(params=["translated", "proxied"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """On this kernel as it is, and with a table such as a kernel without NAT gets."""
    lab = Lab()
    if request.param == "proxied":
        with nfnetlink.open_channel() as channel:
            channel.batch(nfnetlink.transaction(ruleset.base(ruleset.LEVELS[1])))
    yield lab
    lab.close()


@pytest.fixture
def plain() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


def publish(
    lab: Lab, container: Container, *wanted: Port, published: Published | None = None
) -> list[Binding]:
    published = published or Published(lab.loop, container.netns)
    lab._closing.append(published.close)
    return published.publish(list(wanted), container.ipv4, container.ipv6)


def tcp(number: int, target: int = 80, **further: object) -> Port:
    return {"target": target, "protocol": "tcp", "published": number, **further}  # type: ignore[typeddict-item]


def udp(number: int, target: int = 80, **further: object) -> Port:
    return {"target": target, "protocol": "udp", "published": number, **further}  # type: ignore[typeddict-item]


def map_elements() -> int:
    with nfnetlink.open_channel() as channel:
        if nfnetlink.chain_policy(channel, ruleset.FAMILY, ruleset.TABLE, "dnat_out") is None:
            return 0
        return sum(
            len(nfnetlink.elements(channel, ruleset.FAMILY, ruleset.TABLE, item.name))
            for item in (ruleset.PORTS, ruleset.PORTS_AT)
        )


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_port_is_reached_on_every_address_of_the_host(lab: Lab, kind: str) -> None:
    outside = lab.neighbour()
    network = lab.network("n")
    container, sibling = lab.container(network), lab.container(network)
    stranger = lab.container(lab.network("other"))
    lab.serve(container.netns, 80)
    bindings = publish(lab, container, {**tcp(8080), "protocol": kind})
    assert bindings == [("0.0.0.0", 8080, 80, kind), ("::", 8080, 80, kind)]
    by_udp = kind == "udp"
    for netns, address in (
        (None, "127.0.0.1"),
        (None, "127.0.0.2"),
        (None, HOST),
        (None, network["gateways"][0]),
        (None, "::1"),
        (outside, HOST),
        (sibling.netns, network["gateways"][0]),
        (container.netns, network["gateways"][0]),  # hairpin
        (sibling.netns, HOST),
        (stranger.netns, HOST),
    ):
        answer = lab.ask(netns, address, 8080, udp=by_udp)
        seen = answer.split()[0]
        if address == "::1" or netns not in (None, outside) or not firewall.nat_available():
            assert seen == container.ipv4, address
        else:
            assert seen != container.ipv4, address
    if firewall.nat_available():
        assert lab.ask(outside, HOST, 8080, udp=by_udp).split()[0] == NEIGHBOUR


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_port_on_one_address_is_not_reached_on_others(lab: Lab, kind: str) -> None:
    outside = lab.neighbour()
    container = lab.container(lab.network("n"))
    lab.serve(container.netns, 80)
    hosts = ["127.0.0.1", HOST, "::1", "0.0.0.0", "::"]
    bindings = publish(
        lab,
        container,
        *(
            {"target": 80, "protocol": kind, "published": 8000 + number, "host_ip": host}
            for number, host in enumerate(hosts)
        ),
    )
    assert [binding[0] for binding in bindings] == hosts
    wanted = {
        (False, "127.0.0.1", 8000),
        (False, HOST, 8001), (True, HOST, 8001),
        (False, "::1", 8002),
        (False, "127.0.0.1", 8003), (False, HOST, 8003), (True, HOST, 8003),
        (False, "::1", 8004),
    }  # fmt: skip
    for netns, address in ((None, "127.0.0.1"), (None, HOST), (None, "::1"), (outside, HOST)):
        for port in range(8000, 8005):
            way = (netns is outside, address, port)
            within = 3.0 if way in wanted else 0.3
            reached = _reached(lab, netns, address, port, udp=kind == "udp", within=within)
            assert reached == (way in wanted), way


def _reached(
    lab: Lab, netns: int | None, address: str, port: int, *, udp: bool, within: float
) -> bool:
    try:
        lab.ask(netns, address, port, udp=udp, within=within)
    except OSError:
        return False
    return True


def test_a_neighbour_does_not_reach_what_is_published_on_loopback(plain: Lab) -> None:
    outside = plain.neighbour()
    container = plain.container(plain.network("n"))
    plain.serve(container.netns, 80)
    publish(plain, container, tcp(8080, host_ip="127.0.0.1"))
    with inside(outside):
        os.system("ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1 via 192.0.2.1 dev eth0; "
                  "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet")  # fmt: skip
    assert not plain.reaches(outside, "127.0.0.1", 8080)


def test_many_ports_of_many_kinds_are_published_at_once(lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    for port in (80, 81):
        lab.serve(container.netns, port)
    wanted = [tcp(8000 + number, 80 + number % 2) for number in range(40)]
    wanted += [udp(8000 + number, 80 + number % 2) for number in range(40)]
    assert len(publish(lab, container, *wanted)) == 160
    assert map_elements() == (80 if firewall.nat_available() else 0)
    for number in (8000, 8039):
        lab.ask(None, "127.0.0.1", number)
        lab.ask(None, "127.0.0.1", number, udp=True)


def test_closing_gives_ports_and_elements_back(lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    lab.serve(container.netns, 80)
    published = Published(lab.loop, container.netns)
    publish(lab, container, tcp(8080), udp(8080), tcp(8081, host_ip="127.0.0.1"), published=published)  # fmt: skip
    lab.ask(None, "127.0.0.1", 8080)
    lab.ask(None, "::1", 8080)
    published.close()
    assert map_elements() == 0
    ports.check([tcp(8080), udp(8080), tcp(8081)])
    assert not lab.reaches(None, "127.0.0.1", 8080)
    assert not lab.reaches(None, "::1", 8080)
    publish(lab, container, tcp(8080), published=published)
    lab.ask(None, "127.0.0.1", 8080)


def test_a_second_user_of_a_port_gets_a_conflict_that_names_it(lab: Lab) -> None:
    network = lab.network("n")
    one, two = lab.container(network), lab.container(network)
    publish(lab, one, tcp(8080), udp(5353, host_ip="127.0.0.1"))
    with pytest.raises(Conflict, match="port 8080/tcp is already in use on this host"):
        publish(lab, two, tcp(9000), tcp(8080))
    with pytest.raises(Conflict, match=r"port 127\.0\.0\.1:5353/udp is already in use"):
        ports.check([udp(5353, host_ip="127.0.0.1")])
    ports.check([tcp(9000), udp(8080)])
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("0.0.0.0", 8080))
    assert map_elements() == (2 if firewall.nat_available() else 0)


def test_a_port_that_a_program_of_the_host_holds_is_a_conflict(plain: Lab) -> None:
    for address in ("127.0.0.1", "::1"):
        plain.serve(None, 8080, address=address)
    for port in (tcp(8080), udp(8080), tcp(8080, host_ip="127.0.0.1"), tcp(8080, host_ip="::1")):
        with pytest.raises(Conflict, match="8080"):
            ports.check([port])


def test_of_a_range_the_first_free_port_is_taken(plain: Lab) -> None:
    container = plain.container(plain.network("n"))
    wanted: Port = {"target": 80, "protocol": "tcp", "published_range": [8080, 8081]}
    assert publish(plain, container, wanted)[0][1] == 8080
    assert publish(plain, container, wanted)[0][1] == 8081
    with pytest.raises(Conflict, match="port 8080-8081/tcp is all in use"):
        publish(plain, container, wanted)


def test_without_a_number_a_free_port_is_chosen_for_both_families(plain: Lab) -> None:
    container = plain.container(plain.network("n"))
    plain.serve(container.netns, 80)
    (host4, number4, _, _), (host6, number6, _, _) = publish(
        plain, container, {"target": 80, "protocol": "tcp"}
    )
    assert (host4, host6) == ("0.0.0.0", "::")
    assert number4 == number6 > 0
    plain.ask(None, "127.0.0.1", number4)


def test_an_address_that_is_not_the_hosts_is_named(plain: Lab) -> None:
    with pytest.raises(InvalidArgument, match=r"203\.0\.113\.9 is not an address of this host"):
        ports.check([tcp(80, host_ip="203.0.113.9")])


def test_a_connection_not_quite_over_does_not_hold_a_port(plain: Lab) -> None:
    server = socket.create_server(("127.0.0.1", 8080))
    client = socket.create_connection(("127.0.0.1", 8080))
    accepted, _ = server.accept()
    accepted.close()  # this side closes first: it keeps TIME_WAIT
    client.close()
    server.close()
    ports.check([tcp(8080)])


def test_what_a_killed_shim_left_is_replaced_or_withdrawn(plain: Lab) -> None:
    network = plain.network("n")
    dead, alive = plain.container(network), plain.container(network)
    plain.serve(alive.netns, 80)
    left = [("0.0.0.0", 8080, 80, "tcp"), ("::", 8080, 80, "tcp"), ("127.0.0.1", 53, 53, "udp")]
    assert nat.publish(ports._mappings(left, dead.ipv4))
    publish(plain, alive, tcp(8080))
    assert plain.ask(None, "127.0.0.1", 8080) == network["gateways"][0]
    ports.withdraw(left, dead.ipv4)  # leaves what is the other's by now
    assert plain.ask(None, "127.0.0.1", 8080) == network["gateways"][0]
    assert map_elements() == 1
    ports.withdraw(left, dead.ipv4)


def test_a_refused_connection_is_refused_to_the_client(lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    publish(lab, container, tcp(8080))
    for address in ("127.0.0.1", "::1"):
        with pytest.raises(ConnectionError):
            lab.ask(None, address, 8080)


def test_the_proxy_tries_the_other_family_when_one_refuses(plain: Lab) -> None:
    container = plain.container(plain.network("n", ipv6=True))
    plain.serve(container.netns, 80)
    plain.serve(container.netns, 81, address=container.ipv6)
    publish(plain, container, tcp(8080), tcp(8081, 81))
    assert plain.ask(None, "::1", 8080) == container.ipv4
    assert plain.ask(None, "::1", 8081) == container.ipv6


def test_a_stream_comes_through_whole_and_half_closed_both_ways(lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    payload = os.urandom(1 << 20) * 24

    with inside(container.netns):
        server = socket.create_server(("0.0.0.0", 80))

    def serve() -> None:
        client, _ = server.accept()
        with client:
            digest = hashlib.sha256()
            while chunk := client.recv(1 << 16):
                digest.update(chunk)
            client.sendall(digest.digest() + payload)

    threading.Thread(target=serve, daemon=True).start()
    publish(lab, container, tcp(8080))

    def exchange() -> bytes:
        with socket.create_connection(("::1", 8080), timeout=20) as sock:
            sock.sendall(payload)
            sock.shutdown(socket.SHUT_WR)
            received = bytearray()
            while chunk := sock.recv(1 << 16):
                received += chunk
            return bytes(received)

    received = lab.during(exchange)
    server.close()
    assert received == hashlib.sha256(payload).digest() + payload


def test_a_slow_reader_holds_the_sender_back_and_nobody_else(plain: Lab) -> None:
    container = plain.container(plain.network("n"))
    plain.serve(container.netns, 80)
    with inside(container.netns):
        server = socket.create_server(("0.0.0.0", 81))
    sent: list[int] = []

    def flood() -> None:
        client, _ = server.accept()
        with client:
            client.settimeout(0.5)
            total = 0
            try:
                while total < 1 << 30:
                    total += client.send(bytes(1 << 20))
            except TimeoutError:
                sent.append(total)

    threading.Thread(target=flood, daemon=True).start()
    publish(plain, container, tcp(8081, 81), tcp(8080))

    def work() -> str:
        with socket.create_connection(("::1", 8081), timeout=5):
            eventually(lambda: sent, within=10)
            with socket.create_connection(("::1", 8080), timeout=5) as other:
                return other.recv(100).decode()

    assert plain.during(work) == container.ipv4
    server.close()
    assert 0 < sent[0] < 1 << 28


def test_an_abrupt_end_on_one_side_is_one_on_the_other(plain: Lab) -> None:
    container = plain.container(plain.network("n"))
    with inside(container.netns):
        server = socket.create_server(("0.0.0.0", 80))

    def serve() -> None:
        client, _ = server.accept()
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()

    threading.Thread(target=serve, daemon=True).start()
    publish(plain, container, tcp(8080))

    def work() -> None:
        with socket.create_connection(("::1", 8080), timeout=5) as sock:
            sock.sendall(b"x")
            sock.recv(1)

    with pytest.raises(ConnectionResetError):
        plain.during(work)
    server.close()


def test_udp_clients_get_their_own_answers(lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    lab.serve(container.netns, 80)
    publish(lab, container, udp(8080))

    def work() -> list[bytes]:
        clients = [socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(20)]
        clients += [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
        for number, client in enumerate(clients):
            client.settimeout(3)
            client.connect(("::1" if number < 20 else "127.0.0.1", 8080))
            client.send(f"{number}".encode())
        answers = [client.recv(100).split()[1] for client in reversed(clients)]
        for client in clients:
            client.close()
        return answers[::-1]

    assert lab.during(work) == [f"{number}".encode() for number in range(40)]


def test_a_client_that_keeps_sending_follows_the_port_to_another_container(plain: Lab) -> None:
    outside = plain.neighbour()
    network = plain.network("n")
    one, two = plain.container(network), plain.container(network)
    with inside(outside):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(3)
    client.connect((HOST, 8080))
    published = Published(plain.loop, one.netns)
    publish(plain, one, udp(8080), published=published)
    plain.serve(one.netns, 80)

    def talk(word: bytes) -> bytes:
        client.send(word)
        return client.recv(100)

    assert plain.during(lambda: talk(b"one")).endswith(b"one")
    published.close()
    publish(plain, two, udp(8080))
    with inside(two.netns):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("0.0.0.0", 80))
    client.send(b"two")
    server.settimeout(2)
    assert server.recv(100) == b"two"
    server.close()
    client.close()
