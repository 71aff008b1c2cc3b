"""Subnets and addresses: what is chosen, what is refused."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.network import ipam
from schemas.errors import Conflict, InvalidArgument

SUBNETS = st.builds(
    lambda number, length: str(
        ipaddress.ip_network((number >> (32 - length) << (32 - length), length))
    ),
    st.integers(0x0AC80000, 0x0ACFFFFF),  # of the first pool
    st.integers(12, 30),
)


def choose(subnet: str, *taken: str, gateway: str = "", **further: str | None) -> str:
    return ipam.choose_address(
        subnet,
        taken=list(taken),
        gateway=gateway,
        ip_range=further.get("ip_range"),
        wanted=further.get("wanted"),
    )


def test_the_first_subnet_is_small_and_not_where_docker_begins() -> None:
    assert ipam.choose_subnet([]) == "10.200.0.0/20"


@given(st.lists(SUBNETS, max_size=12))
def test_a_subnet_overlaps_nothing_taken(taken: list[str]) -> None:
    chosen = ipaddress.ip_network(ipam.choose_subnet(taken))
    assert not any(chosen.overlaps(ipaddress.ip_network(item)) for item in taken)


def test_subnets_follow_each_other() -> None:
    taken: list[str] = []
    for _ in range(3):
        taken.append(ipam.choose_subnet(taken))
    assert taken == ["10.200.0.0/20", "10.200.16.0/20", "10.200.32.0/20"]


def test_addresses_and_ipv6_subnets_among_the_taken_are_understood() -> None:
    assert ipam.choose_subnet(["10.200.3.9/8", "fd00::/64", "0.0.0.0/32"]) == "172.16.0.0/20"


def test_all_pools_are_used_before_giving_up() -> None:
    taken = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/17"]
    assert ipam.choose_subnet(taken) == "192.168.128.0/24"
    with pytest.raises(Conflict, match="no private IPv4 subnet is free"):
        ipam.choose_subnet([*taken, "192.168.128.0/17"])


def test_the_lowest_free_address_is_given() -> None:
    assert choose("10.1.0.0/24", gateway="10.1.0.1") == "10.1.0.2"
    assert choose("10.1.0.0/24", "10.1.0.2", "10.1.0.4", gateway="10.1.0.1") == "10.1.0.3"
    assert choose("10.1.0.0/24", gateway="10.1.0.254") == "10.1.0.1"
    assert choose("fd00:1::/64", "fd00:1::2", gateway="fd00:1::1") == "fd00:1::3"


def test_a_range_bounds_the_choice() -> None:
    assert choose("10.1.0.0/16", gateway="10.1.0.1", ip_range="10.1.5.0/24") == "10.1.5.0"
    with pytest.raises(Conflict, match=r"no address is free in 10\.1\.5\.4/31"):
        choose("10.1.0.0/16", "10.1.5.4", "10.1.5.5", ip_range="10.1.5.4/31")
    with pytest.raises(InvalidArgument, match="not inside subnet"):
        choose("10.1.0.0/16", ip_range="10.2.0.0/24")
    with pytest.raises(InvalidArgument, match="not inside subnet"):
        choose("10.1.0.0/16", ip_range="fd00::/120")


def test_network_and_broadcast_addresses_are_nobodys() -> None:
    assert choose("10.1.0.0/30", gateway="10.1.0.1") == "10.1.0.2"
    with pytest.raises(Conflict, match="no address is free"):
        choose("10.1.0.0/30", "10.1.0.2", gateway="10.1.0.1")
    for address in ("10.1.0.0", "10.1.0.255"):
        with pytest.raises(InvalidArgument, match="not a host's address"):
            choose("10.1.0.0/24", wanted=address)
    assert choose("10.1.0.0/31", gateway="10.1.0.0") == "10.1.0.1"
    assert choose("fd00::/126", "fd00::1", "fd00::2") == "fd00::3"


def test_an_address_asked_for_is_given_or_refused() -> None:
    assert choose("10.1.0.0/24", gateway="10.1.0.1", wanted="10.1.0.77") == "10.1.0.77"
    assert choose("fd00::/64", gateway="fd00::1", wanted="fd00:0:0::7") == "fd00::7"
    with pytest.raises(Conflict, match=r"10\.1\.0\.77 is already in use"):
        choose("10.1.0.0/24", "10.1.0.77", wanted="10.1.0.77")
    with pytest.raises(Conflict, match="already in use"):
        choose("10.1.0.0/24", gateway="10.1.0.1", wanted="10.1.0.1")
    with pytest.raises(InvalidArgument, match="not in subnet"):
        choose("10.1.0.0/24", wanted="10.2.0.5")
    with pytest.raises(InvalidArgument, match="not in subnet"):
        choose("10.1.0.0/24", wanted="fd00::5")
    with pytest.raises(InvalidArgument, match=r"'10\.1' is not an IP address"):
        choose("10.1.0.0/24", wanted="10.1")


def test_a_mac_holds_the_address_as_dockers_do() -> None:
    assert ipam.mac_address("172.17.0.2") == "02:42:ac:11:00:02"
    assert ipam.mac_address("").startswith("02:42:")
    assert ipam.mac_address("") != ipam.mac_address("")
