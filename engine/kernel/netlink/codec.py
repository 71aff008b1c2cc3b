"""Netlink's wire form: messages and nested attributes (netlink(7)). Pure.

Sizes and headers are in the machine's byte order; what an attribute holds is up to its family.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from schemas.typed import NamedTuple

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP = 0x300
NLM_F_REPLACE = 0x100
NLM_F_EXCL = 0x200
NLM_F_CREATE = 0x400
NLM_F_APPEND = 0x800

NLMSG_ERROR = 0x2
NLMSG_DONE = 0x3

NLA_F_NESTED = 0x8000
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
U32 = struct.Struct("=I")
_BE32 = struct.Struct(">I")


class Message(NamedTuple):
    """A request; ``about`` says in a person's words what it attempts."""

    type: int
    flags: int
    payload: bytes
    about: str = ""


class Reply(NamedTuple):
    type: int
    flags: int
    sequence: int
    payload: bytes


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    size = 4 + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def string(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def u32(kind: int, value: int) -> bytes:
    return attribute(kind, U32.pack(value))


def be32(kind: int, value: int) -> bytes:
    """A number in network order, which nfnetlink's are."""
    return attribute(kind, _BE32.pack(value & 0xFFFFFFFF))


def frame(message: Message, sequence: int, *, extra_flags: int = 0) -> bytes:
    """The message with its header, ready to be sent."""
    size = 16 + len(message.payload)
    flags = message.flags | NLM_F_REQUEST | extra_flags
    header = _HEADER.pack(size, message.type, flags, sequence, 0)
    return header + message.payload + bytes(-size % 4)


def replies(data: bytes) -> Iterator[Reply]:
    """The messages in what one read returned."""
    offset = 0
    while offset + 16 <= len(data):
        size, kind, flags, sequence, _ = _HEADER.unpack_from(data, offset)
        if size < 16:
            return
        yield Reply(kind, flags, sequence, data[offset + 16 : offset + size])
        offset += size + (-size % 4)


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes from ``offset`` on by their kind; of a repeated kind the last."""
    return dict(attribute_list(data, offset))


def attribute_list(data: bytes, offset: int = 0) -> list[tuple[int, bytes]]:
    """The attributes from ``offset`` on in their order."""
    found = []
    while offset + 4 <= len(data):
        size, kind = _ATTRIBUTE.unpack_from(data, offset)
        if size < 4:
            break
        found.append((kind & _TYPE_MASK, data[offset + 4 : offset + size]))
        offset += size + (-size % 4)
    return found


def error_of(reply: Reply) -> int:
    """The errno in an NLMSG_ERROR (0: it is an acknowledgement) or NLMSG_DONE."""
    if len(reply.payload) < 4:
        return 0
    (value,) = struct.unpack_from("=i", reply.payload)
    return -int(value)


def text(value: bytes) -> str:
    """A string attribute's value."""
    return value.partition(b"\0")[0].decode("utf-8", "replace")
