"""Names inside a container: its networks' answered, whatever the client sends."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.reversename
import dns.rrset
import pytest

from engine.network import endpoint, names
from tests.support.dnslab import (
    Upstream,
    query,
    rcode_answer,
    resolve_with,
    servers_of_the_host,
    values,
)
from tests.support.eventually import eventually
from tests.support.netlab import Lab, inside

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


@pytest.fixture
def host_servers(tmp_path: Path) -> Iterator[Callable[..., None]]:
    with servers_of_the_host(tmp_path / "resolv.conf") as set_servers:
        yield set_servers


@pytest.mark.parametrize("tcp", [False, True])
def test_names_of_the_network_resolve_in_every_spelling(lab: Lab, tcp: bool) -> None:
    network = lab.network("shop_default")
    web = lab.container(network, called=("shop-web-1", "web", "Alias"))
    resolve_with(lab, web)
    for name in ("web", "WEB", "web.", "shop-web-1", "alias", "web.shop_default", "aLiAs.SHOP_default."):  # fmt: skip
        response = query(lab, web, name, tcp=tcp)
        assert values(response) == [web.ipv4], name
        assert response.answer[0].ttl == 600
        assert response.flags & dns.flags.RA


def test_replicas_take_turns(lab: Lab) -> None:
    network = lab.network("n")
    replicas = [lab.container(network, called=(f"p-web-{n}", "web")) for n in range(3)]
    resolve_with(lab, replicas[0])
    answers = [values(query(lab, replicas[0], "web")) for _ in range(6)]
    everyone = {replica.ipv4 for replica in replicas}
    assert all(set(answer) == everyone for answer in answers)
    assert [answer[0] for answer in answers[:3]] == [answer[0] for answer in answers[3:]]
    assert {answer[0] for answer in answers} == everyone


def test_a_name_has_addresses_of_both_families_or_nothing_in_one(lab: Lab) -> None:
    both = lab.container(lab.network("six", ipv6=True), called=("both",))
    only4 = lab.container(lab.network("four"), called=("only4",))
    resolve_with(lab, both)
    resolve_with(lab, only4)
    assert values(query(lab, both, "both", "AAAA")) == [both.ipv6]
    assert values(query(lab, both, "both", "A")) == [both.ipv4]
    for kind in ("AAAA", "MX", "TXT", "HTTPS"):
        response = query(lab, only4, "only4", kind)
        assert (response.rcode(), values(response)) == (dns.rcode.NOERROR, [])


def test_addresses_have_names(lab: Lab) -> None:
    network = lab.network("net", ipv6=True)
    web = lab.container(network, called=("web-1", "web"))
    resolve_with(lab, web)
    for address in (web.ipv4, web.ipv6):
        reverse = dns.reversename.from_address(address).to_text()
        assert values(query(lab, web, reverse, "PTR")) == ["web-1.net."]


def test_names_of_other_networks_are_not_known(lab: Lab, host_servers: Callable[..., None]) -> None:
    Upstream(lab, "127.0.0.1", rcode_answer(dns.rcode.NXDOMAIN))
    one = lab.container(lab.network("a"), called=("one",))
    two_network = lab.network("b")
    lab.container(two_network, called=("two",))
    resolver = resolve_with(lab, one)
    assert query(lab, one, "two").rcode() == dns.rcode.NXDOMAIN
    assert query(lab, one, "two.b").rcode() == dns.rcode.NXDOMAIN
    # Connected to that network later on, it knows them.
    plan = lab.plan(two_network, one.id, 1, ("one",))
    endpoint.attach(plan, one.netns)
    one.plans.append(plan)
    resolver.set_networks(one.network_ids)
    assert len(values(query(lab, one, "two"))) == 1


def test_who_comes_and_goes_is_noticed_at_once(lab: Lab, host_servers: Callable[..., None]) -> None:
    Upstream(lab, "127.0.0.1", rcode_answer(dns.rcode.NXDOMAIN))
    network = lab.network("n")
    one = lab.container(network, called=("one",))
    resolve_with(lab, one)
    for _ in range(3):
        two = lab.container(network, called=("two",))
        assert values(query(lab, one, "two")) == [two.ipv4]
        names.withdraw(network["id"], two.id)
        assert query(lab, one, "two").rcode() == dns.rcode.NXDOMAIN
        names.withdraw(network["id"], two.id)


def test_a_long_answer_is_cut_by_udp_and_whole_by_tcp(lab: Lab) -> None:
    network = lab.network("n")
    one = lab.container(network, called=("many",))
    for number in range(60):
        other = lab.plan(network, f"{number:064x}", 0, ("many",))
        other["ipv4"] = f"10.199.0.{number + 1}/20"
        names.announce(other, f"{number:064x}")
    resolve_with(lab, one)
    short = query(lab, one, "many")
    assert short.flags & dns.flags.TC
    assert 20 < len(values(short)) < 61
    assert len(values(query(lab, one, "many", tcp=True))) == 61
    whole = query(lab, one, "many", payload=4096)
    assert not whole.flags & dns.flags.TC
    assert whole.edns == 0
    assert len(values(whole)) == 61
    for number in range(60):
        names.withdraw(network["id"], f"{number:064x}")


def test_port_53_stays_free_for_the_container(lab: Lab) -> None:
    one = lab.container(lab.network("n"), called=("one",))
    resolve_with(lab, one)
    with inside(one.netns):
        own = [
            socket.create_server(("0.0.0.0", 53)),
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        ]
        own[1].bind(("0.0.0.0", 53))
    assert values(query(lab, one, "one")) == [one.ipv4]
    assert values(query(lab, one, "one", tcp=True)) == [one.ipv4]
    for sock in own:
        sock.close()


def test_a_new_resolver_takes_over_the_address(lab: Lab) -> None:
    one = lab.container(lab.network("n"), called=("one",))
    resolve_with(lab, one).close()
    resolve_with(lab, one)
    assert values(query(lab, one, "one")) == [one.ipv4]


def test_nonsense_is_answered_as_such_or_not_at_all(lab: Lab) -> None:
    one = lab.container(lab.network("n"), called=("one",))
    resolve_with(lab, one)

    def work() -> list[bytes]:
        with inside(one.netns):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.connect(("127.0.0.11", 53))
            found = []
            for packet, within in (
                (b"", 0.3),
                (b"\0" * 11, 0.3),
                (b"\1\2\x81\x80" + b"\0" * 8, 0.3),  # a response
                (b"\1\2\x01\0\0\1" + b"\0" * 6 + b"\x05abc", 3.0),  # cut short
                (b"\1\2\x28\0\0\1" + b"\0" * 6 + b"\0\0\1\0\1", 3.0),  # an update
            ):
                sock.settimeout(within)
                sock.send(packet)
                try:
                    found.append(sock.recv(512))
                except TimeoutError:
                    found.append(b"")
        return found

    answers = lab.during(work)
    assert answers[:3] == [b"", b"", b""]
    assert [(answer[:2], answer[3] & 15) for answer in answers[3:]] == [(b"\1\2", 1), (b"\1\2", 4)]
    assert values(query(lab, one, "one")) == [one.ipv4]


def test_several_queries_on_one_connection_are_all_answered(lab: Lab) -> None:
    one = lab.container(lab.network("n"), called=("one",))
    resolve_with(lab, one)
    wire = dns.message.make_query("one", "A").to_wire()
    framed = len(wire).to_bytes(2, "big") + wire

    def work() -> bytes:
        with inside(one.netns):
            sock = socket.create_connection(("127.0.0.11", 53), timeout=3)
        with sock:
            for part in (framed + framed[:5], framed[5:] + framed):
                sock.sendall(part)
            received = b""
            while len(received) < 3 * (len(wire) + 2 + 16):
                received += sock.recv(65535)
            return received

    assert lab.during(work).count(socket.inet_aton(one.ipv4)) == 3


def test_closing_frees_everything(lab: Lab) -> None:
    one = lab.container(lab.network("n"))
    resolver = resolve_with(lab, one, servers=("127.0.0.2",))
    with inside(one.netns):
        hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        hole.bind(("127.0.0.2", 53))
    before = descriptors()

    def work() -> None:
        with inside(one.netns):
            sock = socket.create_connection(("127.0.0.11", 53), timeout=3)
            wire = dns.message.make_query("example.org", "A").to_wire()
            open_udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            open_udp.sendto(wire, ("127.0.0.11", 53))
        eventually(lambda: len(resolver._forwarder.active) == 1)
        sock.close()
        open_udp.close()

    lab.during(work)
    resolver.close()
    hole.close()
    assert len(resolver._forwarder.active) == 0
    assert descriptors() <= before - 2


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
