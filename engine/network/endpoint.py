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
from engine.network import child
from engine.network.child import Child
from schemas.errors import Failed, InvalidArgument
from schemas.typed import TypedDict

_NO_ROUTE = (errno.ESRCH, errno.ENOENT)
_PREDECESSOR = 2.0  # for the end of a namespace
_PATIENCE = 0.2  # for an interface to become usable; one that does not in time may still


class EndpointOptions(TypedDict, total=False):
    """What is asked for beyond the usual."""

    child: Child  # of an interface of the host's, instead of a pair with a bridge
    isolated: bool  # from the other containers of the network
    further: list[str]  # link-local addresses with prefix length
    sysctls: dict[str, str]  # of the interface: "ipv4/conf/eth0/log_martians"
    default6: bool  # the default route for IPv6 leads here; absent: as for IPv4
    priority: int  # for the default route


class EndpointPlan(EndpointOptions):
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
    if "child" in plan:
        _attach_child(plan, plan["child"], netns)
        return
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
            if plan.get("isolated"):
                host.request([rtnetlink.isolate(name)])
            _configure(plan, netns)
            _settle(host, (name, plan["bridge"]))
        except BaseException as err:
            host.request([rtnetlink.delete_link(name)], absent_ok=rtnetlink.GONE)
            if isinstance(err, NetlinkError):
                raise Failed(f"network {plan['network']}: {err.message}") from err
            raise


def _attach_child(plan: EndpointPlan, below: Child, netns: int) -> None:
    """Make an interface inside that hangs on one of the host's."""
    deadline = time.monotonic() + _PREDECESSOR
    with rtnetlink.open_channel() as host:
        while True:
            try:
                parent = _socket.if_nametoindex(below["parent"])
            except OSError as err:
                raise Failed(
                    f"network {plan['network']}: parent interface {below['parent']} is away"
                ) from err
            request = child.link(
                below,
                plan["interface"],
                parent=parent,
                mac=plan["mac"],
                mtu=plan["mtu"],
                netns=netns,
            )
            try:
                host.request([request])
                _configure(plan, netns)
                return
            except NetlinkError as err:
                detach(plan, netns)
                # The interface of the run before us goes with its namespace, a moment after that.
                if err.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                    raise Failed(f"network {plan['network']}: {err.message}") from err
                time.sleep(0.005)


def detach(plan: EndpointPlan, netns: int = -1) -> None:
    """Delete the pair, or the child in its namespace (without one it went with it); absent is no error."""
    if "child" not in plan:
        detach_all([plan])
    elif netns >= 0:
        with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
            channel = rtnetlink.open_channel()
        with channel:
            channel.request([rtnetlink.delete_link(plan["interface"])], absent_ok=rtnetlink.GONE)


def detach_all(plans: list[EndpointPlan]) -> None:
    """Delete several pairs for the price of one; absent is no error."""
    names = [plan["host_interface"] for plan in plans if "child" not in plan]
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
    """Have the default routes lead where they should after a place has come or gone; internal ones lead nowhere."""
    outward = [plan for plan in plans if not plan["internal"]]
    outward.sort(key=lambda plan: (-plan.get("priority", 0), plan["network"]))
    with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
        channel = rtnetlink.open_channel()
        indexes = {name: number for number, name in _socket.if_nameindex()}
    with channel:
        for address, family in (("ipv4", rtnetlink.AF_INET), ("ipv6", rtnetlink.AF_INET6)):
            leading = next((plan for plan in outward if plan[address]), None)  # type: ignore[literal-required]
            for plan in plans:
                key = "default_route" if address == "ipv4" else "default6"
                plan[key] = plan is leading  # type: ignore[literal-required]
            if leading is not None:
                channel.request([_route(leading, family, indexes[leading["interface"]])])
            else:
                channel.request([rtnetlink.delete_default_route(family)], absent_ok=_NO_ROUTE)


def _routes(plan: EndpointPlan, index: int) -> list[Message]:
    found = []
    if plan["default_route"] and plan["ipv4"]:
        found.append(_route(plan, rtnetlink.AF_INET, index))
    if plan.get("default6", plan["default_route"]) and plan["ipv6"]:
        found.append(_route(plan, rtnetlink.AF_INET6, index))
    return found


def _route(plan: EndpointPlan, family: int, index: int) -> Message:
    gateway = plan["gateway4" if family == rtnetlink.AF_INET else "gateway6"]
    if not gateway:  # ipvlan between networks (l3) needs none
        return rtnetlink.set_device_route(family, index)
    return rtnetlink.set_default_route(gateway, index)


def _configure(plan: EndpointPlan, netns: int) -> None:
    """Addresses and routes of the end inside, which is down at first."""
    name = plan["interface"]
    with namespaces.in_namespace(netns, namespaces.CLONE_NEWNET):
        channel = rtnetlink.open_channel()
        index = _socket.if_nametoindex(name)
        wanted = [plan["ipv4"], plan["ipv6"], *plan.get("further", ())]
        addresses = [address for address in wanted if address]
        _switch_ipv6(name, on=any(":" in address for address in addresses))
        for parameter, value in plan.get("sysctls", {}).items():
            _set_parameter(plan, parameter, value)
    requests = [rtnetlink.add_address(index, address) for address in addresses]
    requests.append(rtnetlink.set_up(index, name))
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


def _set_parameter(plan: EndpointPlan, parameter: str, value: str) -> None:
    try:
        with open(f"/proc/sys/net/{parameter}", "w") as file:
            file.write(value)
    except OSError as err:
        raise InvalidArgument(
            f"network {plan['network']}: sysctl net/{parameter}={value}: {err.strerror}"
        ) from err
