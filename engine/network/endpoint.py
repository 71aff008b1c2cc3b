"""A container's place on a network: a veth pair between the bridge and the container's namespace."""

from __future__ import annotations

import _socket
import errno
import os
import time
from collections.abc import Sequence

from engine.kernel import namespaces
from engine.kernel.netlink import rtnetlink
from engine.kernel.netlink.channel import Channel, NetlinkError
from engine.kernel.netlink.codec import Message
from schemas.errors import Failed
from schemas.typed import TypedDict

_PATIENCE = 0.2  # for an interface to become usable; one that does not in time may still


class EndpointPlan(TypedDict):
    """A place as it must be in the kernel; "" stands for none."""

    network_id: str
    network: str
    bridge: str
    ipv4: str  # with prefix length
    gateway4: str
    ipv6: str
    gateway6: str
    mac: str
    interface: str  # inside
    mtu: int
    host_interface: str
    internal: bool
    default_route: bool
    names: list[str]
    group: int  # of the host's interface


def loopback(netns: int) -> None:
    """Set lo up inside the namespace that the descriptor stands for."""
    with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
        channel = rtnetlink.open_channel()
    with channel:
        # The loopback interface is the first of every namespace.
        channel.request([rtnetlink.set_up(1, "lo")])


def attach(plan: EndpointPlan, netns: int) -> None:
    """Make the pair: one end on the bridge, the other inside with its addresses and routes. Failed says what did not work.

    What a killed shim left under the same name is replaced. A failure leaves nothing behind.
    """
    name = plan["host_interface"]
    with rtnetlink.open_channel() as host:
        try:
            master = _socket.if_nametoindex(plan["bridge"])
        except OSError as err:
            raise Failed(f"network {plan['network']}: bridge {plan['bridge']} is away") from err
        request = rtnetlink.add_veth(
            name,
            master=master,
            group=plan["group"],
            mtu=plan["mtu"],
            peer=plan["interface"],
            peer_mac=plan["mac"],
            peer_netns=netns,
        )
        try:
            try:
                host.request([request])
            except NetlinkError as err:
                if err.errno != errno.EEXIST:
                    raise
                # It may also go by itself this moment, with the namespace that the other end was in.
                host.request([rtnetlink.delete_link(name)], absent_ok=rtnetlink.GONE)
                host.request([request])
            _configure(plan, netns)
            _settle(host, (name, plan["bridge"]))
        except BaseException as err:
            host.request([rtnetlink.delete_link(name)], absent_ok=rtnetlink.GONE)
            if isinstance(err, NetlinkError):
                raise Failed(f"network {plan['network']}: {err.message}") from err
            raise


def detach(plan: EndpointPlan) -> None:
    """Delete the pair; absent is no error."""
    detach_all([plan])


def detach_all(plans: list[EndpointPlan]) -> None:
    """Delete several pairs for the price of one; absent is no error."""
    names = [plan["host_interface"] for plan in plans]
    with rtnetlink.open_channel() as channel:
        if len(names) == 1:
            channel.request([rtnetlink.delete_link(names[0])], absent_ok=rtnetlink.GONE)
        elif names:
            # Each request waits for the kernel to be done with what it deletes, so it is one request: by a group
            # that is nobody else's (the networks' own have bit 0 set and fewer than 29 bits).
            group = int.from_bytes(os.urandom(4), "big") & 0xFFFFFFFE | 1 << 31
            moves = [rtnetlink.set_group(name, group) for name in names]
            channel.request(moves, absent_ok=rtnetlink.GONE)
            channel.request([rtnetlink.delete_group(group)], absent_ok=rtnetlink.GONE)


def reroute(plans: list[EndpointPlan], netns: int) -> None:
    """After a place has gone, have the default route lead over another; internal ones lead nowhere."""
    outward = [plan for plan in plans if not plan["internal"]]
    if not outward:
        return
    plan = min(outward, key=lambda plan: (not plan["default_route"], plan["network"]))
    with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
        channel = rtnetlink.open_channel()
        index = _socket.if_nametoindex(plan["interface"])
    with channel:
        channel.request(_routes(plan, index))


def _routes(plan: EndpointPlan, index: int) -> list[Message]:
    gateways = [gateway for gateway in (plan["gateway4"], plan["gateway6"]) if gateway]
    return [rtnetlink.set_default_route(gateway, index) for gateway in gateways]


def _configure(plan: EndpointPlan, netns: int) -> None:
    """Addresses and routes of the end inside, which is down at first."""
    name = plan["interface"]
    with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
        channel = rtnetlink.open_channel()
        index = _socket.if_nametoindex(name)
        _switch_ipv6(name, on=bool(plan["ipv6"]))
    addresses = [address for address in (plan["ipv4"], plan["ipv6"]) if address]
    requests = [rtnetlink.add_address(index, address) for address in addresses]
    requests.append(rtnetlink.set_up(index, name))
    if plan["default_route"]:
        requests += _routes(plan, index)
    with channel:
        channel.request(requests)


def _settle(host: Channel, names: Sequence[str]) -> None:
    """Wait until the interfaces send.

    The kernel notes a new carrier in a job of its own (linkwatch) and drops what is sent before: a container's first
    connection would take a second longer. Kernels since 6.8 do that job when asked for the interface.
    """
    deadline = time.monotonic() + _PATIENCE
    for name in names:
        while time.monotonic() < deadline:
            link = rtnetlink.find_link(host, name)
            if link is None or link.running:
                break
            time.sleep(0.0005)


def _switch_ipv6(name: str, *, on: bool) -> None:
    """As Docker does: an interface without an IPv6 address has not even a link-local one."""
    try:
        fd = os.open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return  # a kernel without IPv6
    try:
        os.write(fd, b"0" if on else b"1")
    except OSError as err:
        if on:
            raise Failed(f"cannot switch IPv6 on for {name}: {err.strerror}") from err
    finally:
        os.close(fd)
