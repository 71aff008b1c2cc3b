"""Tracked connections (linux/netfilter/nfnetlink_conntrack.h): make the kernel forget some."""

from __future__ import annotations

import errno
import struct
from collections.abc import Collection

from engine.kernel.netlink import codec
from engine.kernel.netlink.channel import NETLINK_NETFILTER, Channel, NetlinkError
from engine.kernel.netlink.codec import Message
from schemas.errors import Unavailable

_GET, _DELETE = 1 << 8 | 1, 1 << 8 | 2
_TUPLE_ORIGINAL, _ID, _FILTER = 1, 12, 25
_TUPLE_PROTO, _PROTO_NUMBER, _PROTO_DESTINATION = 2, 1, 3
_FILTER_ORIGINAL = 1
_BY_PROTOCOL_AND_PORT = 1 << 3 | 1 << 5  # bits of the facts in the tuple that must be equal
_IPV4, _UDP = 2, 17


def forget_udp(ports: Collection[int]) -> None:
    """Forget flows of UDP packets to these ports (IPv4): the next packet of each is seen, and translated, as a first one.

    A kernel that does not tell of its connections keeps them.
    """
    try:
        channel = Channel(NETLINK_NETFILTER)
    except Unavailable:
        return
    header = struct.pack("BBH", _IPV4, 0, 0)
    with channel:
        for port in sorted(set(ports)):
            wanted = _listing(header, port)
            try:
                found = channel.dump(wanted)
            except NetlinkError:
                return
            requests = []
            for reply in found:
                values = codec.attributes(reply.payload, 4)
                original = values.get(_TUPLE_ORIGINAL, b"")
                # Kernels before 5.8 list everything.
                if _protocol_and_port(original) == (_UDP, port):
                    payload = header + codec.nested(_TUPLE_ORIGINAL, original)
                    payload += codec.attribute(_ID, values.get(_ID, b""))
                    requests.append(Message(_DELETE, 0, payload, f"forget a flow to port {port}"))
            channel.request(requests, absent_ok=(errno.ENOENT,))


def _listing(header: bytes, port: int) -> Message:
    proto = codec.nested(
        _TUPLE_PROTO,
        codec.attribute(_PROTO_NUMBER, bytes([_UDP])),
        codec.attribute(_PROTO_DESTINATION, struct.pack(">H", port)),
    )
    payload = header + codec.nested(_TUPLE_ORIGINAL, proto)
    payload += codec.nested(_FILTER, codec.u32(_FILTER_ORIGINAL, _BY_PROTOCOL_AND_PORT))
    return Message(_GET, 0, payload, f"list flows to port {port}")


def _protocol_and_port(original: bytes) -> tuple[int, int]:
    proto = codec.attributes(codec.attributes(original).get(_TUPLE_PROTO, b""))
    return (
        int.from_bytes(proto.get(_PROTO_NUMBER, b""), "big"),
        int.from_bytes(proto.get(_PROTO_DESTINATION, b""), "big"),
    )
