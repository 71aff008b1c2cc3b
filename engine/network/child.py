"""macvlan and ipvlan: a container's interface below one of the host's, without a bridge (ip-link(8)).

The host itself does not reach such a container by its parent interface, nor the container the host: that is what these
drivers are.
"""

from __future__ import annotations

import errno
import os

from engine.kernel.netlink import rtnetlink
from engine.kernel.netlink.channel import NetlinkError
from engine.kernel.netlink.codec import Message
from engine.network.bridge import NetworkPlan
from schemas.errors import NotFound, Unsupported
from schemas.typed import TypedDict

# IFLA_MACVLAN_MODE, IFLA_IPVLAN_MODE and IFLA_IPVLAN_FLAGS (linux/if_link.h).
_MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
_IPVLAN_MODES = {"l2": 0, "l3": 1, "l3s": 2}
_IPVLAN_FLAGS = {"bridge": 0, "private": 1, "vepa": 2}
_FIRST = {"macvlan": "bridge", "ipvlan": "l2"}
_NOBODY, _ANY_MAC = 0x7FFFFFFF, "02:00:00:00:00:01"
_UNKNOWN_KIND = (errno.EOPNOTSUPP,)


class Child(TypedDict):
    """How an interface hangs below its parent; "" stands for none."""

    driver: str  # macvlan, ipvlan
    parent: str
    mode: str
    flag: str  # ipvlan


def check(network: str, driver: str) -> None:
    """Unsupported when this kernel has no interfaces of the kind. Whoever may not ask is told nothing."""
    with rtnetlink.open_channel() as channel:
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        below: Child = {"driver": driver, "parent": "", "mode": _FIRST[driver], "flag": ""}
        # No interface has this number, so a kernel that knows the kind refuses for that reason, and makes nothing.
        request = link(below, "probe", parent=_NOBODY, mac=_ANY_MAC, mtu=1500, netns=own)
        try:
            channel.request([request])
        except NetlinkError as err:
            if lacking(err):
                raise Unsupported(
                    f"network {network}: this kernel has no {driver} interfaces",
                    hint=f"load the module {driver}, or use driver: bridge",
                ) from err
        finally:
            os.close(own)


def ensure(plan: NetworkPlan) -> None:
    """Have the parent interface, up. NotFound when the one asked for is not there; Unsupported when none can be made."""
    parent, name = plan["parent"], plan["name"]
    with rtnetlink.open_channel() as channel:
        if rtnetlink.find_link(channel, parent) is not None:
            return
        if not plan.get("own_parent"):
            base, _, tag = parent.rpartition(".")
            raise NotFound(
                f"network {name}: the parent interface {parent} does not exist",
                hint=f"make it: ip link add link {base} name {parent} type vlan id {tag}"
                if base and tag.isdecimal()
                else "see what there is: ip link",
            )
        try:
            channel.request([rtnetlink.add_dummy(parent)], absent_ok=(errno.EEXIST,))
        except NetlinkError as err:
            if not lacking(err):
                raise
            raise Unsupported(
                f"network {name}: this kernel has no dummy interface to be its parent",
                hint="name one of the host's interfaces: driver_opts: {parent: eth0}",
            ) from err


def remove(plan: NetworkPlan) -> None:
    """Delete the parent interface when it was made for the network; absent is no error."""
    if plan.get("own_parent"):
        with rtnetlink.open_channel() as channel:
            channel.request([rtnetlink.delete_link(plan["parent"])], absent_ok=rtnetlink.GONE)


def link(child: Child, name: str, *, parent: int, mac: str, mtu: int, netns: int) -> Message:
    """The request for a container's interface, made inside its namespace at once."""
    if child["driver"] == "macvlan":
        return rtnetlink.add_macvlan(
            name, parent=parent, mode=_MACVLAN_MODES[child["mode"]], mac=mac, mtu=mtu, netns=netns
        )
    flags = _IPVLAN_FLAGS[child["flag"] or "bridge"]
    return rtnetlink.add_ipvlan(
        name, parent=parent, mode=_IPVLAN_MODES[child["mode"]], flags=flags, mtu=mtu, netns=netns
    )


def lacking(err: NetlinkError) -> bool:
    """Whether the kernel's answer means that it does not know interfaces of this kind."""
    return err.errno in _UNKNOWN_KIND
