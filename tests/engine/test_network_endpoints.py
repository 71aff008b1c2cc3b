"""Bridges, veth pairs, addresses and routes in the kernel."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.kernel.netlink import rtnetlink
from engine.network import bridge, endpoint
from engine.network.bridge import NetworkPlan
from schemas.errors import Conflict, Failed
from tests.support.eventually import eventually
from tests.support.netlab import Lab, inside

pytestmark = pytest.mark.usefixtures("no_leaks")


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.close()


def link_names() -> set[str]:
    with rtnetlink.open_channel() as channel:
        return {link.name for link in rtnetlink.links(channel)}


def test_a_container_has_its_address_mac_mtu_and_default_route(lab: Lab) -> None:
    network = lab.network("n", mtu=1400)
    container = lab.container(network)
    plan = container.plans[0]
    with inside(container.netns), rtnetlink.open_channel() as channel:
        link = rtnetlink.find_link(channel, "eth0")
        assert link is not None
        assert (link.mac, link.mtu) == (plan["mac"], 1400)
        addresses = {address.address for address in rtnetlink.addresses(channel)}
        assert addresses == {"127.0.0.1/8", "::1/128", plan["ipv4"]}
        defaults = [
            route.gateway for route in rtnetlink.routes(channel) if route.destination == "default"
        ]
        assert defaults == network["gateways"]


def test_the_host_end_is_on_the_bridge_in_the_networks_group(lab: Lab) -> None:
    network = lab.network("n")
    plan = lab.container(network).plans[0]
    with rtnetlink.open_channel() as channel:
        link = rtnetlink.find_link(channel, plan["host_interface"])
        master = rtnetlink.find_link(channel, network["bridge"])
    assert link is not None and master is not None
    assert (link.master, link.group) == (master.ifindex, plan["group"])


def test_containers_of_a_network_reach_each_other_and_the_host(lab: Lab) -> None:
    network = lab.network("n", ipv6=True)
    one, two = lab.container(network), lab.container(network)
    lab.serve(one.netns, 80)
    lab.serve(one.netns, 80, address=one.ipv6)
    lab.serve(None, 81)
    assert lab.ask(two.netns, one.ipv4, 80) == two.ipv4
    assert lab.ask(two.netns, one.ipv6, 80) == two.ipv6
    assert lab.ask(None, one.ipv4, 80) == network["gateways"][0]
    assert lab.ask(two.netns, network["gateways"][0], 81) == two.ipv4


def test_without_an_ipv6_address_an_interface_has_no_ipv6(lab: Lab) -> None:
    container = lab.container(lab.network("n"), lab.network("six", ipv6=True))
    with inside(container.netns), rtnetlink.open_channel() as channel:
        index = {name: number for number, name in socket.if_nameindex()}
        found = {address.ifindex for address in rtnetlink.addresses(channel, rtnetlink.AF_INET6)}
    assert index["eth0"] not in found
    assert index["eth1"] in found


def test_ensuring_a_bridge_again_changes_nothing(lab: Lab) -> None:
    network = lab.network("n", ipv6=True)
    with rtnetlink.open_channel() as channel:
        before = rtnetlink.find_link(channel, network["bridge"])
        bridge.ensure(network)
        assert rtnetlink.find_link(channel, network["bridge"]) == before


def test_a_bridge_takes_a_new_mtu(lab: Lab) -> None:
    network = lab.network("n")
    bridge.ensure({**network, "mtu": 1400})
    with rtnetlink.open_channel() as channel:
        link = rtnetlink.find_link(channel, network["bridge"])
    assert link is not None and link.mtu == 1400


def test_a_bridge_name_that_another_interface_has_is_a_conflict(lab: Lab) -> None:
    network = lab.network("n")
    with pytest.raises(Conflict, match="interface lo"):
        bridge.ensure({**network, "bridge": "lo"})


def test_a_bridge_that_somebody_else_made_is_used_and_stays_as_it_is(lab: Lab) -> None:
    with rtnetlink.open_channel() as channel:
        channel.request([rtnetlink.add_bridge("theirs", mac="02:00:00:00:00:07", mtu=1500)])
        index = socket.if_nametoindex("theirs")
        channel.request(
            [rtnetlink.add_address(index, "10.96.0.254/24"), rtnetlink.set_up(index, "theirs")]
        )
        network = lab.network("n")
        plan: NetworkPlan = {
            **network,
            "id": "7" * 64,
            "bridge": "theirs",
            "subnets": ["10.96.0.0/24"],
            "gateways": ["10.96.0.254"],
            "mtu": 1400,
        }
        before = rtnetlink.find_link(channel, "theirs")
        bridge.ensure(plan)
        lab.networks.append(plan)
        one, two = lab.container(plan), lab.container(plan)
        lab.serve(one.netns, 80)
        assert lab.ask(two.netns, one.ipv4, 80) == two.ipv4
        lab.remove_network(plan)
        assert not {place["host_interface"] for place in (*one.plans, *two.plans)} & link_names()
        after = rtnetlink.find_link(channel, "theirs")
        assert before is not None and after is not None
        assert (after.mtu, after.group, after.ifindex) == (1500, 0, before.ifindex)
        held = rtnetlink.addresses(channel, rtnetlink.AF_INET)
        assert [item.address for item in held if item.ifindex == index] == ["10.96.0.254/24"]
        channel.request([rtnetlink.delete_link("theirs")])


def test_attaching_again_replaces_what_a_killed_shim_left(lab: Lab) -> None:
    network = lab.network("n")
    container = lab.container(network)
    fresh = lab.namespace()
    endpoint.attach(container.plans[0], fresh)
    lab.serve(fresh, 80)
    assert lab.ask(None, container.ipv4, 80) == network["gateways"][0]


def test_a_failed_attach_leaves_nothing_and_says_what_failed(lab: Lab) -> None:
    network = lab.network("n")
    container = lab.container(network)
    plan = {**lab.plan(network, "f" * 64, 0, ("x",)), "gateway4": "203.0.113.1"}
    before = link_names()
    with pytest.raises(Failed, match=r"network n: set default route via 203\.0\.113\.1"):
        endpoint.attach(plan, lab.namespace())  # type: ignore[arg-type]
    assert link_names() == before
    with pytest.raises(Failed, match="network n: create veth"):
        endpoint.attach({**container.plans[0], "host_interface": "pvother"}, container.netns)
    assert link_names() == before


def test_attaching_to_a_bridge_that_is_away_says_so(lab: Lab) -> None:
    network = lab.network("n")
    plan = lab.plan(network, "f" * 64, 0, ("x",))
    with pytest.raises(Failed, match="bridge br-gone is away"):
        endpoint.attach({**plan, "bridge": "br-gone"}, lab.namespace())


def test_detaching_twice_is_no_error_and_takes_all_pairs_at_once(lab: Lab) -> None:
    networks = [lab.network("a"), lab.network("b")]
    container = lab.container(*networks)
    endpoint.detach(container.plans[0])
    endpoint.detach(container.plans[0])
    endpoint.detach_all(container.plans)
    endpoint.detach_all(container.plans)
    assert not {plan["host_interface"] for plan in container.plans} & link_names()


def test_a_pair_goes_with_its_namespace(lab: Lab) -> None:
    container = lab.container(lab.network("n"))
    name = container.plans[0]["host_interface"]
    lab._descriptors.remove(container.netns)
    os.close(container.netns)
    eventually(lambda: name not in link_names())


def test_subnets_are_chosen_clear_of_what_the_host_has(lab: Lab) -> None:
    network = lab.network("n")
    assert any(
        address.rpartition("/")[0] == network["gateways"][0] for address in bridge.host_subnets()
    )
    assert lab.network("m")["subnets"] != network["subnets"]


def test_removing_a_bridge_twice_is_no_error(lab: Lab, state: tuple[Path, Path]) -> None:
    network = lab.network("n")
    lab.remove_network(network)
    bridge.remove(network)
    assert network["bridge"] not in link_names()


def test_a_container_can_speak_as_soon_as_it_is_attached(lab: Lab) -> None:
    """The kernel drops what is sent over an interface whose carrier it has not noted yet: a SYN is sent again after 1 s."""
    network = lab.network("n")
    server = lab.container(network)
    lab.serve(server.netns, 80)
    for number in range(60):
        netns = lab.namespace()
        plan = lab.plan(network, f"{number:064x}", 0, ("x",))
        plan["host_interface"] = f"pvspeak{number}"
        plan["ipv4"] = plan["ipv4"].replace(".0.3/", f".9.{number + 1}/")
        plan["mac"] = f"02:42:00:00:09:{number:02x}"
        endpoint.attach(plan, netns)
        with inside(netns):
            client = socket.socket()
        client.settimeout(0.9)
        client.connect((server.ipv4, 80))
        client.close()
        lab._descriptors.remove(netns)
        os.close(netns)  # its end keeps the kernel busy while the next one comes
