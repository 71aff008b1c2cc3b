"""The bridge of a network."""

from __future__ import annotations

import errno

from engine.kernel.netlink import rtnetlink
from engine.kernel.netlink.channel import Channel, NetlinkError
from engine.network import ipam
from schemas.errors import Conflict, Failed
from schemas.typed import TypedDict


class NetworkOptions(TypedDict, total=False):
    """What driver options ask for beyond the usual."""

    driver: str  # macvlan, ipvlan; absent: bridge
    parent: str  # macvlan and ipvlan: the host's interface
    own_parent: bool  # that one is made for the network
    mode: str
    flag: str  # ipvlan
    prefix: str  # of the interfaces inside; absent: eth
    isolated: bool  # its containers do not reach each other
    masquerade: bool  # absent: True
    binding: str  # the address on which ports are published that name none


class NetworkPlan(NetworkOptions):
    """A network as it must be in the kernel."""

    id: str
    name: str
    bridge: str  # name of the interface; "" for other drivers
    subnets: list[str]
    gateways: list[str]  # one for each subnet; the bridge's own addresses
    internal: bool
    mtu: int
    driver_opts: dict[str, str]


def ensure(plan: NetworkPlan) -> None:
    """Have the bridge up with the gateways as its addresses. Conflict when its name is another interface's.

    A bridge of that name that somebody else has made is used as it is.
    """
    name = plan["bridge"]
    with rtnetlink.open_channel() as channel:
        link = rtnetlink.find_link(channel, name) or _create(channel, plan)
        if link.kind != "bridge":
            raise Conflict(f"network {plan['name']}: there is an interface {name} already")
        if not _ours(plan, link):
            return
        requests = []
        if not link.flags & rtnetlink.IFF_UP:
            requests.append(rtnetlink.set_up(link.ifindex, name))
        if link.mtu != plan["mtu"]:
            requests.append(rtnetlink.set_mtu(link.ifindex, name, plan["mtu"]))
        for subnet, gateway in zip(plan["subnets"], plan["gateways"], strict=True):
            address = f"{gateway}/{subnet.partition('/')[2]}"
            requests.append(rtnetlink.add_address(link.ifindex, address))
        try:
            channel.request(requests, absent_ok=(errno.EEXIST,))
        except NetlinkError as err:
            raise Failed(f"network {plan['name']}: bridge {name}: {err.message}") from err


def remove(plan: NetworkPlan) -> None:
    """Delete the bridge, unless it is somebody else's, and what of ours is still on it; absent is no error."""
    # The kernel takes a container's interfaces away with its namespace, a moment after its end. By group they go with
    # the bridge in one request, and so with one wait for the kernel's readers.
    number = group(plan["id"])
    with rtnetlink.open_channel() as channel:
        requests = [rtnetlink.delete_group(number)]
        if plan["bridge"] == name_of(plan["id"]):
            requests.insert(0, rtnetlink.set_group(plan["bridge"], number))
        channel.request(requests, absent_ok=rtnetlink.GONE)


def name_of(network_id: str) -> str:
    """What the bridge of a network is called when nobody gives it a name."""
    return f"br-{network_id[:12]}"


def _ours(plan: NetworkPlan, link: rtnetlink.Link) -> bool:
    """Whether a bridge was made for the network: by its group, or by a name that is nobody else's."""
    return link.group == group(plan["id"]) or link.name == name_of(plan["id"])


def group(network_id: str) -> int:
    """The interface group (IFLA_GROUP) of a network's links on the host; 0 is everybody's."""
    return int(network_id[:7], 16) | 1


def host_subnets() -> list[str]:
    """The IPv4 subnets that the host's addresses and routes occupy."""
    found: dict[str, None] = {}
    with rtnetlink.open_channel() as channel:
        for address in rtnetlink.addresses(channel, rtnetlink.AF_INET):
            found[address.address] = None
        for route in rtnetlink.routes(channel, rtnetlink.AF_INET):
            if route.destination != "default":
                found[route.destination] = None
    return list(found)


def _create(channel: Channel, plan: NetworkPlan) -> rtnetlink.Link:
    name = plan["bridge"]
    # An address that is set does not change with the ports that come and go.
    gateway = next((gateway for gateway in plan["gateways"] if ":" not in gateway), "")
    request = rtnetlink.add_bridge(
        name, mac=ipam.mac_address(gateway), mtu=plan["mtu"], group=group(plan["id"])
    )
    # Another process may have made it this moment.
    channel.request([request], absent_ok=(errno.EEXIST,))
    link = rtnetlink.find_link(channel, name)
    if link is None:
        raise Failed(f"network {plan['name']}: bridge {name} disappeared while it was made")
    return link
