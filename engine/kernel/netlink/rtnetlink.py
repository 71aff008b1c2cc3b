"""Links, addresses and routes (rtnetlink(7)): messages as values, and reading what is there.

Every function that makes a message is pure; ``Channel.request`` sends several at once.
"""

from __future__ import annotations

import _socket
import errno
import struct

from engine.kernel.netlink import codec
from engine.kernel.netlink.channel import NETLINK_ROUTE, Channel
from engine.kernel.netlink.codec import Message
from schemas.typed import NamedTuple

AF_INET = 2
AF_INET6 = 10

IFF_UP = 0x1

_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK, _RTM_SETLINK = 16, 17, 18, 19
_RTM_NEWADDR, _RTM_GETADDR = 20, 22
_RTM_NEWROUTE, _RTM_DELROUTE, _RTM_GETROUTE = 24, 25, 26

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_OPERSTATE, _IFLA_LINKINFO, _IFLA_GROUP, _IFLA_NET_NS_FD = 16, 18, 27, 28
_OPERSTATE_UP = 6
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFLA_INFO_SLAVE_KIND, _IFLA_INFO_SLAVE_DATA, _IFLA_BRPORT_ISOLATED = 4, 5, 33
_IFLA_CHILD_MODE, _IFLA_IPVLAN_FLAGS = 1, 2  # of macvlan and of ipvlan

_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4
_IFA_F_NODAD = 0x02

_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_TABLE = 1, 4, 5, 15
_RT_TABLE_MAIN, _RTPROT_STATIC, _RTN_UNICAST = 254, 4, 1
_RT_SCOPE_UNIVERSE, _RT_SCOPE_LINK, _RT_SCOPE_NOWHERE = 0, 253, 255

_CREATE = codec.NLM_F_CREATE | codec.NLM_F_EXCL
GONE = (errno.ENODEV, errno.ENOENT)


class Link(NamedTuple):
    ifindex: int
    name: str
    flags: int
    group: int
    master: int  # index; 0: none
    mac: str
    mtu: int
    kind: str
    running: bool  # its carrier is there and the kernel has taken note: what is sent is not dropped


class Address(NamedTuple):
    ifindex: int
    address: str  # "10.0.0.1/24"


class Route(NamedTuple):
    destination: str  # "10.0.0.0/24"; "default"
    gateway: str
    ifindex: int
    table: int


def packed(address: str) -> bytes:
    """The bytes of an IPv4 or IPv6 address; OSError when it is none."""
    return _socket.inet_pton(_family(address), address)


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def add_bridge(name: str, *, mac: str, mtu: int, group: int = 0) -> Message:
    """Make a bridge, down. EEXIST when the name is taken."""
    info = codec.nested(_IFLA_LINKINFO, codec.string(_IFLA_INFO_KIND, "bridge"))
    payload = b"".join(
        (
            _link_header(),
            codec.string(_IFLA_IFNAME, name),
            codec.u32(_IFLA_MTU, mtu),
            codec.u32(_IFLA_GROUP, group),
            codec.attribute(_IFLA_ADDRESS, mac_bytes(mac)),
            info,
        )
    )
    return Message(_RTM_NEWLINK, _CREATE, payload, f"create bridge {name}")


def add_veth(
    name: str,
    *,
    master: int,
    group: int,
    mtu: int,
    peer: str,
    peer_mac: str,
    peer_netns: int,
) -> Message:
    """Make a pair: ``name`` here, up, on bridge ``master``; its peer inside the namespace of the descriptor.

    The peer is down: the kernel cannot set up an end before the pair is complete.
    """
    there = b"".join(
        (
            _link_header(),
            codec.string(_IFLA_IFNAME, peer),
            codec.attribute(_IFLA_ADDRESS, mac_bytes(peer_mac)),
            codec.u32(_IFLA_MTU, mtu),
            codec.u32(_IFLA_NET_NS_FD, peer_netns),
        )
    )
    info = codec.nested(
        _IFLA_LINKINFO,
        codec.string(_IFLA_INFO_KIND, "veth"),
        codec.nested(_IFLA_INFO_DATA, codec.attribute(_VETH_INFO_PEER, there)),
    )
    payload = b"".join(
        (
            _link_header(flags=IFF_UP),
            codec.string(_IFLA_IFNAME, name),
            codec.u32(_IFLA_MTU, mtu),
            codec.u32(_IFLA_MASTER, master),
            codec.u32(_IFLA_GROUP, group),
            info,
        )
    )
    return Message(_RTM_NEWLINK, _CREATE, payload, f"create veth {name} with {peer}")


def add_macvlan(name: str, *, parent: int, mode: int, mac: str, mtu: int, netns: int) -> Message:
    """Make a macvlan interface of ``parent``, down, inside the namespace of the descriptor."""
    data = codec.u32(_IFLA_CHILD_MODE, mode)
    further = codec.attribute(_IFLA_ADDRESS, mac_bytes(mac))
    return _add_child("macvlan", name, parent, data, further, mtu=mtu, netns=netns)


def add_ipvlan(name: str, *, parent: int, mode: int, flags: int, mtu: int, netns: int) -> Message:
    """Make an ipvlan interface of ``parent``, whose MAC it has, down, inside the namespace of the descriptor."""
    data = codec.attribute(_IFLA_CHILD_MODE, struct.pack("=H", mode))
    data += codec.attribute(_IFLA_IPVLAN_FLAGS, struct.pack("=H", flags))
    return _add_child("ipvlan", name, parent, data, b"", mtu=mtu, netns=netns)


def _add_child(
    kind: str, name: str, parent: int, data: bytes, further: bytes, *, mtu: int, netns: int
) -> Message:
    info = codec.nested(
        _IFLA_LINKINFO,
        codec.string(_IFLA_INFO_KIND, kind),
        codec.nested(_IFLA_INFO_DATA, data),
    )
    payload = b"".join(
        (
            _link_header(),
            codec.string(_IFLA_IFNAME, name),
            codec.u32(_IFLA_LINK, parent),
            codec.u32(_IFLA_MTU, mtu),
            codec.u32(_IFLA_NET_NS_FD, netns),
            further,
            info,
        )
    )
    return Message(_RTM_NEWLINK, _CREATE, payload, f"create {kind} {name}")


def add_dummy(name: str) -> Message:
    """Make an interface that leads nowhere, up."""
    info = codec.nested(_IFLA_LINKINFO, codec.string(_IFLA_INFO_KIND, "dummy"))
    payload = _link_header(flags=IFF_UP) + codec.string(_IFLA_IFNAME, name) + info
    return Message(_RTM_NEWLINK, _CREATE, payload, f"create dummy {name}")


def isolate(name: str) -> Message:
    """Have the bridge pass nothing from this port to other isolated ones; the bridge itself is reached."""
    info = codec.nested(
        _IFLA_LINKINFO,
        codec.string(_IFLA_INFO_SLAVE_KIND, "bridge"),
        codec.nested(_IFLA_INFO_SLAVE_DATA, codec.attribute(_IFLA_BRPORT_ISOLATED, bytes([1]))),
    )
    payload = _link_header() + codec.string(_IFLA_IFNAME, name) + info
    return Message(_RTM_NEWLINK, 0, payload, f"isolate {name}")


def set_up(index: int, name: str) -> Message:
    return Message(_RTM_NEWLINK, 0, _link_header(index=index, flags=IFF_UP), f"set {name} up")


def set_group(name: str, group: int) -> Message:
    payload = _link_header() + codec.string(_IFLA_IFNAME, name) + codec.u32(_IFLA_GROUP, group)
    return Message(_RTM_SETLINK, 0, payload, f"set the group of {name}")


def set_mtu(index: int, name: str, mtu: int) -> Message:
    payload = _link_header(index=index) + codec.u32(_IFLA_MTU, mtu)
    return Message(_RTM_NEWLINK, 0, payload, f"set the mtu of {name} to {mtu}")


def delete_link(name: str) -> Message:
    payload = _link_header() + codec.string(_IFLA_IFNAME, name)
    return Message(_RTM_DELLINK, 0, payload, f"delete interface {name}")


def delete_group(group: int) -> Message:
    """Delete every interface of the group, for the price of one."""
    payload = _link_header() + codec.u32(_IFLA_GROUP, group)
    return Message(_RTM_DELLINK, 0, payload, f"delete interfaces of group {group}")


def add_address(index: int, address: str) -> Message:
    """Add "a.b.c.d/n" (with its broadcast address, as Docker's have) or an IPv6 address without duplicate detection."""
    host, _, bits = address.partition("/")
    raw, length = packed(host), int(bits)
    flags, further = 0, b""
    if len(raw) == 4:
        if length < 31:
            last = int.from_bytes(raw, "big") | ((1 << (32 - length)) - 1)
            further = codec.attribute(_IFA_BROADCAST, last.to_bytes(4, "big"))
    else:
        flags = _IFA_F_NODAD
    header = struct.pack("=BBBBI", _family(host), length, flags, 0, index)
    payload = header + codec.attribute(_IFA_LOCAL, raw) + codec.attribute(_IFA_ADDRESS, raw)
    return Message(_RTM_NEWADDR, _CREATE, payload + further, f"add address {address}")


def set_default_route(gateway: str, index: int) -> Message:
    """Have the default route lead there; one that is there already is replaced."""
    header = struct.pack(
        "=BBBBBBBBI", _family(gateway), 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC,
        _RT_SCOPE_UNIVERSE, _RTN_UNICAST, 0,
    )  # fmt: skip
    payload = header + codec.attribute(_RTA_GATEWAY, packed(gateway)) + codec.u32(_RTA_OIF, index)
    flags = codec.NLM_F_CREATE | codec.NLM_F_REPLACE
    return Message(_RTM_NEWROUTE, flags, payload, f"set default route via {gateway}")


def set_device_route(family: int, index: int) -> Message:
    """The same by an interface that needs no gateway."""
    header = struct.pack(
        "=BBBBBBBBI", family, 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC, _RT_SCOPE_LINK,
        _RTN_UNICAST, 0,
    )  # fmt: skip
    flags = codec.NLM_F_CREATE | codec.NLM_F_REPLACE
    return Message(_RTM_NEWROUTE, flags, header + codec.u32(_RTA_OIF, index), "set default route")


def delete_default_route(family: int) -> Message:
    """Take the default route away."""
    header = struct.pack("=BBBBBBBBI", family, 0, 0, 0, _RT_TABLE_MAIN, 0, _RT_SCOPE_NOWHERE, 0, 0)
    return Message(_RTM_DELROUTE, 0, header, "delete default route")


def find_link(channel: Channel, name: str) -> Link | None:
    """The interface by name in the channel's namespace."""
    payload = _link_header() + codec.string(_IFLA_IFNAME, name)
    found = channel.get(Message(_RTM_GETLINK, 0, payload, f"look up interface {name}"))
    return _link(found[0].payload) if found else None


def links(channel: Channel) -> list[Link]:
    """Every interface of the channel's namespace."""
    found = channel.dump(Message(_RTM_GETLINK, 0, _link_header(), "list interfaces"))
    return [_link(reply.payload) for reply in found]


def addresses(channel: Channel, family: int = 0) -> list[Address]:
    """The addresses of the channel's namespace; of one family or both."""
    header = struct.pack("=BBBBI", family, 0, 0, 0, 0)
    found = []
    for reply in channel.dump(Message(_RTM_GETADDR, 0, header, "list addresses")):
        kind, bits, _, _, index = struct.unpack_from("=BBBBI", reply.payload)
        values = codec.attributes(reply.payload, 8)
        # On a point-to-point link IFA_ADDRESS is the other side's.
        raw = values.get(_IFA_LOCAL) or values.get(_IFA_ADDRESS)
        if raw is not None and kind in (AF_INET, AF_INET6):
            found.append(Address(index, f"{_socket.inet_ntop(kind, raw)}/{bits}"))
    return found


def routes(channel: Channel, family: int = AF_INET) -> list[Route]:
    """The unicast routes of every table."""
    header = struct.pack("=BBBBBBBBI", family, 0, 0, 0, 0, 0, 0, 0, 0)
    found = []
    for reply in channel.dump(Message(_RTM_GETROUTE, 0, header, "list routes")):
        kind, bits, _, _, table, _, _, sort, _ = struct.unpack_from("=BBBBBBBBI", reply.payload)
        if sort != _RTN_UNICAST or kind not in (AF_INET, AF_INET6):
            continue
        values = codec.attributes(reply.payload, 12)
        raw, gateway = values.get(_RTA_DST), values.get(_RTA_GATEWAY)
        found.append(
            Route(
                f"{_socket.inet_ntop(kind, raw)}/{bits}" if raw else "default",
                _socket.inet_ntop(kind, gateway) if gateway else "",
                _number(values.get(_RTA_OIF)),
                _number(values.get(_RTA_TABLE)) or table,
            )
        )
    return found


def open_channel() -> Channel:
    """A channel to the namespace that the calling thread is in."""
    return Channel(NETLINK_ROUTE)


def _family(address: str) -> int:
    return AF_INET6 if ":" in address else AF_INET


def _link_header(*, index: int = 0, flags: int = 0) -> bytes:
    """struct ifinfomsg; of the flags only those named are changed."""
    return struct.pack("=BxHiII", 0, 0, index, flags, flags)


def _link(data: bytes) -> Link:
    _, _, index, flags, _ = struct.unpack_from("=BxHiII", data)
    values = codec.attributes(data, 16)
    info = codec.attributes(values.get(_IFLA_LINKINFO, b""))
    return Link(
        index,
        codec.text(values.get(_IFLA_IFNAME, b"")),
        flags,
        _number(values.get(_IFLA_GROUP)),
        _number(values.get(_IFLA_MASTER)),
        values.get(_IFLA_ADDRESS, b"").hex(":"),
        _number(values.get(_IFLA_MTU)),
        codec.text(info.get(_IFLA_INFO_KIND, b"")),
        values.get(_IFLA_OPERSTATE, b"\0")[0] == _OPERSTATE_UP,
    )


def _number(value: bytes | None) -> int:
    return int(struct.unpack("=I", value)[0]) if value else 0
