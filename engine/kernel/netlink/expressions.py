"""What nftables rules are made of: one function an expression, each giving its encoded form. Pure.

Registers are of sixteen bytes (1 to 4) or, from 8 on, of four: 8 to 11 are the parts of register 1, 12 to 15 of 2.
"""

from __future__ import annotations

import struct

from engine.kernel.netlink import codec

ACCEPT, DROP, RETURN = 1, 0, -5

IIFNAME, OIFNAME, NFPROTO, L4PROTO = 6, 7, 15, 16  # NFT_META_…
CT_STATE, CT_STATUS = 0, 2
CT_RELATED_ESTABLISHED = 0x6
CT_STATUS_DNAT = 0x20
NETWORK_HEADER, TRANSPORT_HEADER = 1, 2

_NAME, _DATA = 1, 2
_VALUE, _VERDICT, _VERDICT_CODE = 1, 2, 1
_EQUAL, _UNEQUAL = 0, 1
_FIB_ADDRTYPE, _FIB_DADDR, _ADDRTYPE_LOCAL = 3, 2, 2
_DNAT = 1


def meta(key: int, register: int = 1) -> bytes:
    """Load a fact about the packet."""
    return _expression("meta", codec.be32(2, key), codec.be32(1, register))


def payload(base: int, offset: int, length: int, register: int = 1) -> bytes:
    """Load bytes of a header."""
    return _expression(
        "payload",
        codec.be32(1, register),
        codec.be32(2, base),
        codec.be32(3, offset),
        codec.be32(4, length),
    )


def equal(value: bytes, register: int = 1) -> bytes:
    return _compare(_EQUAL, value, register)


def unequal(value: bytes, register: int = 1) -> bytes:
    return _compare(_UNEQUAL, value, register)


def lookup(name: str, *, register: int = 1, into: int | None = None, invert: bool = False) -> bytes:
    """Go on when the key is in the set; from a map its value is loaded ``into`` a register."""
    parts = [codec.string(1, name), codec.be32(2, register)]
    if into is not None:
        parts.append(codec.be32(3, into))
    if invert:
        parts.append(codec.be32(5, 1))
    return _expression("lookup", *parts)


def fib_local() -> tuple[bytes, bytes]:
    """Go on when the destination is one of the host's own addresses."""
    load = _expression(
        "fib", codec.be32(1, 1), codec.be32(2, _FIB_ADDRTYPE), codec.be32(3, _FIB_DADDR)
    )
    return load, equal(struct.pack("=I", _ADDRTYPE_LOCAL))


def conntrack(key: int, bits: int) -> tuple[bytes, bytes, bytes]:
    """Go on when the connection's state or status has one of the bits."""
    load = _expression("ct", codec.be32(2, key), codec.be32(1, 1))
    mask = _expression(
        "bitwise",
        codec.be32(1, 1),
        codec.be32(2, 1),
        codec.be32(3, 4),
        _value(4, struct.pack("=I", bits)),
        _value(5, bytes(4)),
    )
    return load, mask, unequal(bytes(4))


def immediate(value: bytes, register: int) -> bytes:
    """Load a constant."""
    return _expression("immediate", codec.be32(1, register), _value(2, value))


def verdict(code: int) -> bytes:
    data = codec.nested(2, codec.nested(_VERDICT, codec.be32(_VERDICT_CODE, code)))
    return _expression("immediate", codec.be32(1, 0), data)


def dnat(family: int, *, address: int, port: int) -> bytes:
    """Send the connection to the address and port in the registers."""
    return _expression(
        "nat",
        codec.be32(1, _DNAT),
        codec.be32(2, family),
        codec.be32(3, address),
        codec.be32(5, port),
    )


def masquerade() -> bytes:
    return _expression("masq")


def counter() -> bytes:
    zero = bytes(8)
    return _expression("counter", codec.attribute(1, zero), codec.attribute(2, zero))


def _compare(operation: int, value: bytes, register: int) -> bytes:
    return _expression("cmp", codec.be32(1, register), codec.be32(2, operation), _value(3, value))


def _value(kind: int, value: bytes) -> bytes:
    return codec.nested(kind, codec.attribute(_VALUE, value))


def _expression(name: str, *attributes: bytes) -> bytes:
    return codec.string(_NAME, name) + codec.nested(_DATA, *attributes)
