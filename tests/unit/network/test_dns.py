"""DNS messages, with dnspython as the judge."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.reversename
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.network import dns as wire


def parsed(name: str, kind: str = "A", **options: int) -> wire.Query:
    query = wire.parse(dns.message.make_query(name, kind, **options).to_wire())  # type: ignore[arg-type]
    assert query is not None
    return query


@pytest.mark.parametrize("name", ["web", "Web.Shop", "a" * 63 + ".x", ".".join(["abcdefg"] * 30)])
@pytest.mark.parametrize("kind", ["A", "AAAA", "PTR", "HTTPS"])
def test_a_query_is_read(name: str, kind: str) -> None:
    query = parsed(name, kind)
    assert (query.name, query.type) == (name, dns.rdatatype.from_text(kind))
    assert query.udp_size == 0


def test_the_size_that_a_client_takes_is_read() -> None:
    assert parsed("web", use_edns=0, payload=1400).udp_size == 1400
    assert wire.size_limit(parsed("web", use_edns=0, payload=100)) == 512
    assert wire.size_limit(parsed("web")) == 512


def test_a_client_may_add_options() -> None:
    message = dns.message.make_query("web", "A", use_edns=0, payload=1232)
    message.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(10, b"cookie00")])
    query = wire.parse(message.to_wire())
    assert query is not None and query.udp_size == 1232


@given(st.binary(max_size=80))
def test_nonsense_is_never_more_than_nothing(data: bytes) -> None:
    query = wire.parse(data)
    if query is not None:
        dns.message.from_wire(wire.answer(query, limit=512))
    if len(data) >= 12:
        dns.message.from_wire(wire.failure(data, wire.FORMERR), ignore_trailing=True)
        wire.answers(data, data)


@given(st.binary(min_size=12, max_size=100), st.binary(min_size=12, max_size=100))
def test_no_response_breaks_the_comparison(one: bytes, two: bytes) -> None:
    assert wire.answers(one, two) in (True, False)


def test_an_answer_has_the_question_as_it_was_written() -> None:
    request = dns.message.make_query("WeB", "A")
    query = wire.parse(request.to_wire())
    assert query is not None
    data = wire.answer(query, [wire.address_record("10.0.0.5")], limit=512)
    response = dns.message.from_wire(data)
    assert request.is_response(response)
    assert response.answer[0].to_text() == "WeB. 600 IN A 10.0.0.5"
    assert response.flags & dns.flags.RA and response.flags & dns.flags.RD
    assert not response.flags & dns.flags.AA


def test_all_kinds_of_records_are_read_by_others() -> None:
    query = parsed("x", "ANY")
    records = [
        wire.address_record("10.0.0.5"),
        wire.address_record("fd00::5"),
        wire.pointer_record("web-1.shop_default"),
    ]
    response = dns.message.from_wire(wire.answer(query, records, limit=512))
    assert [rrset[0].to_text() for rrset in response.answer] == [
        "10.0.0.5",
        "fd00::5",
        "web-1.shop_default.",
    ]


@given(st.integers(0, 200), st.sampled_from([0, 512, 1232, 4096]))
def test_what_does_not_fit_is_left_out_and_said(count: int, payload: int) -> None:
    query = parsed("web", use_edns=0 if payload else -1, payload=payload)
    records = [wire.address_record(f"10.0.0.{number}") for number in range(count)]
    data = wire.answer(query, records, limit=wire.size_limit(query))
    assert len(data) <= max(payload, 512)
    response = dns.message.from_wire(data)
    found = len(response.answer[0]) if response.answer else 0
    assert bool(response.flags & dns.flags.TC) == (found < count)
    assert (response.edns == 0) == bool(payload)


@pytest.mark.parametrize("address", ["10.1.2.3", "fd00::1:2", "::"])
def test_reverse_names_are_understood(address: str) -> None:
    name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
    assert wire.reverse_address(name) == address
    assert wire.reverse_address(name.upper()) == address


@pytest.mark.parametrize(
    "name",
    ["web", "1.2.3.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "a.b.c.d.in-addr.arpa",
     "300.2.3.4.in-addr.arpa", "1.ip6.arpa", "zz.ip6.arpa", ".in-addr.arpa"],
)  # fmt: skip
def test_other_names_are_no_addresses(name: str) -> None:
    assert wire.reverse_address(name) is None


def test_an_answer_is_known_by_id_and_question() -> None:
    request = dns.message.make_query("web", "A").to_wire()
    response = dns.message.make_response(dns.message.from_wire(request)).to_wire()
    assert wire.answers(response, request)
    assert not wire.answers(request, request)
    assert not wire.answers(wire.with_id(response, b"\0\0"), wire.with_id(request, b"\1\0"))
    other = dns.message.make_query("wex", "A").to_wire()
    assert not wire.answers(response, wire.with_id(other, request[:2]))
    assert wire.rcode_of(wire.failure(request, wire.SERVFAIL)) == dns.rcode.SERVFAIL
    # A server that cannot read the question answers without it.
    assert wire.answers(wire.failure(request, wire.FORMERR), request)
