"""What may reach what: networks apart from each other, internal ones cut off, nothing left when they go."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.kernel.netlink import nfnetlink
from engine.network import bridge, firewall, ruleset
from engine.network.bridge import NetworkPlan
from tests.support.netlab import HOST, NEIGHBOUR, Lab, inside

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


def has_table() -> bool:
    with nfnetlink.open_channel() as channel:
        return nfnetlink.has_table(channel, ruleset.FAMILY, ruleset.TABLE)


def bridges() -> set[str]:
    with nfnetlink.open_channel() as channel:
        found = nfnetlink.elements(channel, ruleset.FAMILY, ruleset.TABLE, ruleset.BRIDGES.name)
    return {element.key.rstrip(b"\0").decode() for element in found}


def test_a_container_does_not_reach_one_on_another_network(lab: Lab) -> None:
    one, two = (lab.container(lab.network(name, ipv6=True)) for name in "ab")
    lab.serve(two.netns, 80)
    lab.serve(two.netns, 80, address=two.ipv6)
    assert lab.ask(None, two.ipv4, 80)
    assert not lab.reaches(one.netns, two.ipv4, 80)
    assert not lab.reaches(one.netns, two.ipv6, 80)


def test_a_container_reaches_outside_with_the_hosts_address(lab: Lab) -> None:
    outside = lab.neighbour()
    container = lab.container(lab.network("n"))
    lab.serve(outside, 80)
    assert lab.ask(container.netns, NEIGHBOUR, 80) == (
        HOST if firewall.nat_available() else container.ipv4
    )
    assert lab.ask(container.netns, NEIGHBOUR, 80, udp=True).endswith(" hello")


def test_ipv6_leaves_with_the_hosts_address_too(lab: Lab) -> None:
    outside = lab.neighbour()
    with inside(outside):
        subprocess.run(
            ["ip", "-6", "address", "add", "2001:db8::2/64", "dev", "eth0", "nodad"], check=True
        )
    subprocess.run(
        ["ip", "-6", "address", "add", "2001:db8::1/64", "dev", "lab0", "nodad"], check=True
    )
    container = lab.container(lab.network("n", ipv6=True))
    lab.serve(outside, 80, address="2001:db8::2")
    if firewall.nat_available():
        assert lab.ask(container.netns, "2001:db8::2", 80) == "2001:db8::1"


def test_a_routed_network_shows_its_own_addresses_outside(lab: Lab) -> None:
    outside = lab.neighbour()
    container = lab.container(lab.network("n", masquerade=False))
    lab.serve(outside, 80)
    assert lab.ask(container.netns, NEIGHBOUR, 80) == container.ipv4


def test_isolated_containers_reach_the_host_and_not_each_other(lab: Lab) -> None:
    network = lab.network("n", isolated=True, ipv6=True)
    one, two = lab.container(network), lab.container(network)
    lab.serve(one.netns, 80)
    lab.serve(one.netns, 80, address=one.ipv6)
    lab.serve(None, 81)
    assert lab.ask(two.netns, network["gateways"][0], 81) == two.ipv4
    assert lab.ask(None, one.ipv4, 80)
    assert not lab.reaches(two.netns, one.ipv4, 80)
    assert not lab.reaches(two.netns, one.ipv6, 80)
    # Not even by way of the host.
    with inside(two.netns):
        way = ["ip", "route", "add", one.ipv4, "via", network["gateways"][0]]
        subprocess.run(way, check=True)
    assert not lab.reaches(two.netns, one.ipv4, 80)


def test_a_neighbour_does_not_reach_a_port_that_is_not_published(lab: Lab) -> None:
    outside = lab.neighbour()
    container = lab.container(lab.network("n"))
    lab.serve(container.netns, 80)
    assert not lab.reaches(outside, container.ipv4, 80)


def test_an_internal_network_has_no_way_out_and_none_in(lab: Lab) -> None:
    outside = lab.neighbour()
    internal, open_network = lab.network("i", internal=True), lab.network("o")
    one, two = lab.container(internal), lab.container(internal)
    other = lab.container(open_network)
    lab.serve(outside, 80)
    lab.serve(one.netns, 80)
    lab.serve(other.netns, 80)
    assert lab.ask(two.netns, one.ipv4, 80) == two.ipv4
    gateway = internal["gateways"][0]
    # Not even by a route of its own making.
    with inside(two.netns):
        subprocess.run(["ip", "route", "add", "default", "via", gateway], check=True)
    assert not lab.reaches(two.netns, NEIGHBOUR, 80)
    assert not lab.reaches(two.netns, other.ipv4, 80)
    assert not lab.reaches(other.netns, one.ipv4, 80)
    with inside(outside):
        subprocess.run(["ip", "route", "add", one.ipv4, "via", HOST], check=True)
    assert not lab.reaches(outside, one.ipv4, 80)


def test_nobody_but_the_host_reaches_its_loopback_addresses(lab: Lab) -> None:
    network = lab.network("n")
    outside = lab.neighbour()
    container = lab.container(network)
    lab.serve(None, 80, address="127.0.0.1")
    assert lab.ask(None, "127.0.0.1", 80)
    for netns, gateway, interface in (
        (container.netns, network["gateways"][0], "eth0"),
        (outside, HOST, "eth0"),
    ):
        with inside(netns):
            subprocess.run(["ip", "addr", "del", "127.0.0.1/8", "dev", "lo"], check=True)
            route = ["ip", "route", "add", "127.0.0.1", "via", gateway, "dev", interface]
            subprocess.run(route, check=True)
            with open(f"/proc/sys/net/ipv4/conf/{interface}/route_localnet", "w") as file:
                file.write("1")
        assert not lab.reaches(netns, "127.0.0.1", 80)


def test_the_table_goes_with_the_last_network(lab: Lab) -> None:
    one, two = lab.network("a"), lab.network("b", internal=True)
    assert bridges() == {one["bridge"], two["bridge"]}
    lab.remove_network(two)
    assert bridges() == {one["bridge"]}
    firewall.remove_network(two)
    lab.remove_network(one)
    assert not has_table()
    firewall.remove_network(one)
    assert not has_table()


def test_rules_that_somebody_flushed_come_back(lab: Lab) -> None:
    network = lab.network("n")
    before = rules()
    subprocess.run(["nft", "flush", "table", "inet", "pycompose"], check=True)
    assert rules() != before
    firewall.ensure_base()
    assert rules() == before
    subprocess.run(["nft", "flush", "ruleset"], check=True)
    firewall.ensure_network(network)
    assert rules() == before
    assert bridges() == {network["bridge"]}


def rules() -> str:
    listing = subprocess.run(
        ["nft", "list", "table", "inet", "pycompose"], capture_output=True, text=True, check=True
    ).stdout
    return listing.partition("chain early")[2]


def test_declaring_the_table_twice_adds_no_rule(lab: Lab) -> None:
    lab.network("n")
    before = rules()
    firewall.ensure_base()
    assert rules() == before


def test_a_host_that_has_networks_forwards(lab: Lab) -> None:
    lab.network("n")
    with open("/proc/sys/net/ipv4/ip_forward") as file:
        assert file.read().strip() == "1"


def test_removing_a_network_that_never_came_up_is_no_error(lab: Lab) -> None:
    plan = lab.network("n")
    lab.remove_network(plan)
    firewall.remove_network({**plan, "bridge": "br-never"})
    bridge.remove({**plan, "bridge": "br-never"})


def test_networks_that_come_and_go_at_the_same_time_do_not_disturb_each_other(lab: Lab) -> None:
    def work(number: int) -> None:
        plan: NetworkPlan = {
            "id": f"{number:x}" * 64,
            "name": f"n{number}",
            "bridge": f"br-par{number}",
            "subnets": [f"10.199.{number}.0/24"],
            "gateways": [f"10.199.{number}.1"],
            "internal": number % 2 == 0,
            "mtu": 1500,
            "driver_opts": {},
        }
        for _ in range(6):
            firewall.ensure_base()
            bridge.ensure(plan)
            firewall.ensure_network(plan)
            assert plan["bridge"] in bridges()
            firewall.remove_network(plan)
            bridge.remove(plan)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert not has_table()
