"""DNS messages: reading a query, writing an answer (RFC 1035, 3596, 6891). Pure.

Only what a resolver of container names needs; everything else travels through it unread.
"""

from __future__ import annotations

import _socket
import struct
from collections.abc import Sequence

from schemas.typed import NamedTuple

A, PTR, AAAA, OPT = 1, 12, 28, 41
IN = 1
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

TTL = 600  # as Docker's
MINIMUM_SIZE = 512  # of an answer by UDP that every client takes
OUR_SIZE = 4096  # of a query by UDP

_RESPONSE, _TRUNCATED, _RECURSION_DESIRED, _RECURSION_AVAILABLE = 0x8000, 0x0200, 0x0100, 0x0080
_OPCODE = 0x7800
_HEADER = struct.Struct(">HHHHHH")
_FIXED = struct.Struct(">HHIH")  # type, class, ttl, length of a record after its name
_QUESTION_NAME = b"\xc0\x0c"  # a pointer to the first question's name
_V4, _V6 = ".in-addr.arpa", ".ip6.arpa"


class Query(NamedTuple):
    """A message with one question."""

    id: int
    flags: int
    name: str  # without the final dot, as written
    type: int
    kind: int  # class
    question: bytes
    udp_size: int  # what the client takes by UDP; 0: it does not say (no EDNS)


def parse(data: bytes) -> Query | None:
    """The query in a message; None when it is not one, or has not exactly one question, or is damaged."""
    if len(data) < 12:
        return None
    id, flags, questions, answers, authorities, additional = _HEADER.unpack_from(data)
    if flags & (_RESPONSE | _OPCODE) or questions != 1:
        return None
    labels = []
    offset = 12
    size = len(data)
    while True:
        if offset >= size:
            return None
        length = data[offset]
        offset += 1
        if length == 0:
            break
        if length > 63 or offset + length > size:
            return None
        labels.append(data[offset : offset + length])
        offset += length
    if offset + 4 > size or offset > 12 + 255:
        return None
    type, kind = struct.unpack_from(">HH", data, offset)
    offset += 4
    udp_size = 0
    if additional and not answers and not authorities:
        udp_size = _udp_size(data, offset, additional)
    name = b".".join(labels).decode("ascii", "replace")
    return Query(id, flags, name, type, kind, data[12:offset], udp_size)


def answer(
    query: Query, records: Sequence[bytes] = (), *, rcode: int = NOERROR, limit: int
) -> bytes:
    """The response: records that do not fit into ``limit`` bytes are left out, and the message is marked truncated."""
    flags = _RESPONSE | _RECURSION_AVAILABLE | (query.flags & _RECURSION_DESIRED) | rcode
    tail = b""
    if query.udp_size:
        tail = b"\0" + _FIXED.pack(OPT, OUR_SIZE, 0, 0)
    room = limit - 12 - len(query.question) - len(tail)
    count, body = len(records), b"".join(records)
    if len(body) > room:
        flags |= _TRUNCATED
        while len(body) > room:
            count -= 1
            body = b"".join(records[:count])
    header = _HEADER.pack(query.id, flags, 1, count, 0, 1 if tail else 0)
    return header + query.question + body + tail


def failure(data: bytes, rcode: int) -> bytes:
    """A response without content to a message that may not be readable beyond its header."""
    id, flags = struct.unpack_from(">HH", data)
    flags = _RESPONSE | _RECURSION_AVAILABLE | flags & (_OPCODE | _RECURSION_DESIRED) | rcode
    return _HEADER.pack(id, flags, 0, 0, 0, 0)


def address_record(address: str) -> bytes:
    """A or AAAA of the first question's name."""
    if ":" in address:
        value, kind = _socket.inet_pton(_socket.AF_INET6, address), AAAA
    else:
        value, kind = _socket.inet_pton(_socket.AF_INET, address), A
    return _QUESTION_NAME + _FIXED.pack(kind, IN, TTL, len(value)) + value


def pointer_record(name: str) -> bytes:
    """PTR of the first question's name."""
    value = b"".join(
        bytes([len(label)]) + label for label in name.encode("ascii", "replace").split(b".")
    )
    value += b"\0"
    return _QUESTION_NAME + _FIXED.pack(PTR, IN, TTL, len(value)) + value


def reverse_address(name: str) -> str | None:
    """The address that a name below in-addr.arpa or ip6.arpa asks for; None when it is no such name."""
    name = name.lower()
    try:
        if name.endswith(_V4):
            octets = name[: -len(_V4)].split(".")
            return _socket.inet_ntop(_socket.AF_INET, bytes(map(int, reversed(octets))))
        if name.endswith(_V6):
            nibbles = "".join(reversed(name[: -len(_V6)].split(".")))
            return _socket.inet_ntop(_socket.AF_INET6, bytes.fromhex(nibbles))
    except ValueError:
        pass
    return None


def size_limit(query: Query) -> int:
    """How long an answer by UDP may be."""
    return max(query.udp_size, MINIMUM_SIZE)


def with_id(message: bytes, id: bytes) -> bytes:
    return id + message[2:]


def answers(response: bytes, query: bytes) -> bool:
    """Whether ``response`` has the id and the question of ``query``; that makes it hard to forge."""
    end = _question_end(query)
    return (
        len(response) >= 12
        and response[:2] == query[:2]
        and response[2] & 0x80 != 0
        and (response[12:end].lower() == query[12:end].lower() or response[4:6] == b"\0\0")
    )


def rcode_of(response: bytes) -> int:
    return response[3] & 0xF


def _question_end(message: bytes) -> int:
    """Where the first question ends, in a message that need not be sound."""
    offset = 12
    while offset < len(message) and message[offset]:
        offset += 1 + message[offset]
    return offset + 5


def _udp_size(data: bytes, offset: int, count: int) -> int:
    """The size in an OPT record among the additional ones; 0 when there is none."""
    for _ in range(count):
        # Names here are the root or, rarely, compressed or plain: skip them.
        while offset < len(data) and data[offset] and data[offset] < 0xC0:
            offset += 1 + data[offset]
        if offset >= len(data):
            return 0
        offset += 1 if data[offset] == 0 else 2
        if offset + 10 > len(data):
            return 0
        type, kind, _, length = _FIXED.unpack_from(data, offset)
        if type == OPT:
            return max(int(kind), MINIMUM_SIZE)
        offset += 10 + length
    return 0
