"""Names that no network of a container has: handed on to other name servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.reversename
import dns.rrset
import pytest

from tests.support.dnslab import (
    Upstream,
    address_answer,
    query,
    rcode_answer,
    resolve_with,
    servers_of_the_host,
    silent,
    values,
)
from tests.support.netlab import Lab

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


def test_other_names_are_handed_to_the_hosts_servers_as_they_are_now(
    lab: Lab, host_servers: Callable[..., None]
) -> None:
    first = Upstream(lab, "127.0.0.1", address_answer("203.0.113.1"))
    second = Upstream(lab, "127.0.0.2", address_answer("203.0.113.2"))
    one = lab.container(lab.network("n"))
    resolve_with(lab, one)
    assert values(query(lab, one, "example.org")) == ["203.0.113.1"]
    assert values(query(lab, one, "single")) == ["203.0.113.1"]
    assert values(query(lab, one, "example.org", tcp=True)) == ["203.0.113.1"]
    assert first.seen == [("udp", "example.org."), ("udp", "single."), ("tcp", "example.org.")]
    host_servers("127.0.0.2")
    assert values(query(lab, one, "example.org")) == ["203.0.113.2"]
    assert len(second.seen) == 1


def test_servers_asked_for_are_reached_from_inside(lab: Lab) -> None:
    network = lab.network("n")
    one = lab.container(network)
    Upstream(lab, "127.0.0.9", address_answer("203.0.113.9"), netns=one.netns)
    resolve_with(lab, one, servers=("127.0.0.9",))
    assert values(query(lab, one, "example.org")) == ["203.0.113.9"]


@pytest.mark.parametrize("tcp", [False, True])
def test_the_next_server_is_asked_when_one_fails_refuses_or_is_away(lab: Lab, tcp: bool) -> None:
    one = lab.container(lab.network("n"))
    failing = Upstream(lab, "127.0.0.2", rcode_answer(dns.rcode.SERVFAIL), netns=one.netns)
    refusing = Upstream(lab, "127.0.0.3", rcode_answer(dns.rcode.REFUSED), netns=one.netns)
    Upstream(lab, "127.0.0.4", address_answer("203.0.113.4"), netns=one.netns)
    servers = ("127.0.0.1", "203.0.113.200", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    resolve_with(lab, one, servers=servers[:1] + servers[2:])
    assert values(query(lab, one, "example.org", tcp=tcp)) == ["203.0.113.4"]
    assert len(failing.seen) == len(refusing.seen) == 1


def test_a_server_that_keeps_silent_is_passed_over(lab: Lab) -> None:
    one = lab.container(lab.network("n"))
    Upstream(lab, "127.0.0.2", silent, netns=one.netns)
    Upstream(lab, "127.0.0.3", address_answer("203.0.113.3"), netns=one.netns)
    resolve_with(lab, one, servers=("127.0.0.2", "127.0.0.3"))
    assert values(query(lab, one, "example.org")) == ["203.0.113.3"]


def test_when_nobody_answers_it_is_a_failure(lab: Lab) -> None:
    one = lab.container(lab.network("n"), called=("one",))
    resolve_with(lab, one, servers=("127.0.0.1",))
    assert query(lab, one, "example.org").rcode() == dns.rcode.SERVFAIL
    assert query(lab, one, "example.org", tcp=True).rcode() == dns.rcode.SERVFAIL
    assert values(query(lab, one, "one")) == [one.ipv4]


def test_a_refusal_of_all_servers_comes_through(lab: Lab) -> None:
    one = lab.container(lab.network("n"))
    Upstream(lab, "127.0.0.2", rcode_answer(dns.rcode.REFUSED), netns=one.netns)
    resolve_with(lab, one, servers=("127.0.0.2", "127.0.0.1"))
    assert query(lab, one, "example.org").rcode() == dns.rcode.REFUSED


def test_a_forged_answer_is_passed_over(lab: Lab) -> None:
    one = lab.container(lab.network("n"))

    def wrong(message: dns.message.Message) -> dns.message.Message | None:
        response = address_answer("203.0.113.66")(message)
        assert response is not None
        response.id ^= 1
        return response

    Upstream(lab, "127.0.0.2", wrong, netns=one.netns)
    Upstream(lab, "127.0.0.3", address_answer("203.0.113.3"), netns=one.netns)
    resolve_with(lab, one, servers=("127.0.0.2", "127.0.0.3"))
    assert values(query(lab, one, "example.org")) == ["203.0.113.3"]


def test_on_internal_networks_nothing_is_handed_on(
    lab: Lab, host_servers: Callable[..., None]
) -> None:
    upstream = Upstream(lab, "127.0.0.1", address_answer("203.0.113.1"))
    one = lab.container(lab.network("i", internal=True), called=("one",))
    resolve_with(lab, one)
    assert query(lab, one, "example.org").rcode() == dns.rcode.SERVFAIL
    assert query(lab, one, "single").rcode() == dns.rcode.SERVFAIL
    assert query(lab, one, "4.3.2.1.in-addr.arpa", "PTR").rcode() == dns.rcode.SERVFAIL
    assert values(query(lab, one, "one")) == [one.ipv4]
    assert upstream.seen == []


def test_with_ndots_a_single_word_is_not_handed_on(lab: Lab) -> None:
    one = lab.container(lab.network("n"), called=("one",))
    upstream = Upstream(lab, "127.0.0.2", address_answer("203.0.113.2"), netns=one.netns)
    resolve_with(lab, one, servers=("127.0.0.2",), options=("ndots:2",))
    response = query(lab, one, "single")
    assert (response.rcode(), values(response), upstream.seen) == (dns.rcode.NOERROR, [], [])
    assert values(query(lab, one, "example.org")) == ["203.0.113.2"]
