"""Which subnet, which address, which MAC: pure choices, without the ``ipaddress`` module's start-up."""

from __future__ import annotations

import _socket
import os

from schemas.errors import Conflict, InvalidArgument
from schemas.typed import NamedTuple

# Where subnets are taken from, in this order, and their length. Not what Docker takes first, so that both fit.
POOLS = (("10.200.0.0/13", 20), ("172.16.0.0/12", 20), ("192.168.0.0/16", 24))


class _Range(NamedTuple):
    first: int
    last: int
    family: int


def choose_subnet(taken: list[str], pools: tuple[tuple[str, int], ...] = ()) -> str:
    """The first IPv4 subnet of ``pools`` (those of POOLS when there are none) that overlaps nothing taken (subnets, or
    addresses with a prefix length); Conflict."""
    ranges = sorted(_range(subnet)[:2] for subnet in taken if ":" not in subnet)
    for pool, length in pools or POOLS:
        first, last, _ = _range(pool)
        size = 1 << (32 - length)
        while first + size - 1 <= last:
            end = next(
                (upto for begin, upto in ranges if begin <= first + size - 1 and upto >= first),
                None,
            )
            if end is None:
                return f"{_text(first, _socket.AF_INET)}/{length}"
            # On to the first block after what is in the way.
            first += ((end - first) // size + 1) * size
    raise Conflict(
        "no private IPv4 subnet is free of this host's routes and networks",
        hint="remove networks that are not used, or give the network an ipam.config.subnet",
    )


def choose_address(
    subnet: str,
    *,
    taken: list[str],
    gateway: str,
    ip_range: str | None,
    wanted: str | None,
) -> str:
    """``wanted``, else the lowest free address. Conflict when it is taken or none is free; InvalidArgument."""
    whole = _range(subnet)
    used = {_number(address) for address in taken if address}
    if gateway:
        used.add(_number(gateway))
    if whole.family == _socket.AF_INET and whole.last - whole.first > 1:
        reserved = {whole.first, whole.last}  # the network's own and broadcast
    else:
        # IPv6 has no broadcast; the lowest is the routers' anycast address (RFC 4291). A /31 has only hosts (RFC 3021).
        reserved = {whole.first} if whole.family == _socket.AF_INET6 else set()
    if wanted:
        number = _number(wanted)
        if not whole.first <= number <= whole.last or (":" in wanted) != (":" in subnet):
            raise InvalidArgument(f"address {wanted} is not in subnet {subnet}")
        if number in reserved:
            raise InvalidArgument(f"address {wanted} is not a host's address in subnet {subnet}")
        if number in used:
            raise Conflict(f"address {wanted} is already in use on subnet {subnet}")
        return _text(number, whole.family)
    pool = whole
    if ip_range:
        pool = _range(ip_range)
        if pool.family != whole.family or pool.first < whole.first or pool.last > whole.last:
            raise InvalidArgument(f"ip_range {ip_range} is not inside subnet {subnet}")
    number = pool.first
    while number in used or number in reserved:
        number += 1
    if number > pool.last:
        raise Conflict(f"no address is free in {ip_range or subnet}")
    return _text(number, whole.family)


def mac_address(ipv4: str) -> str:
    """A locally administered address that holds the IPv4 address, as Docker's do; a random one for none."""
    tail = _socket.inet_pton(_socket.AF_INET, ipv4) if ipv4 else os.urandom(4)
    return (b"\x02\x42" + tail).hex(":")


def _range(subnet: str) -> _Range:
    address, _, length = subnet.partition("/")
    family = _socket.AF_INET6 if ":" in address else _socket.AF_INET
    bits = 128 if family == _socket.AF_INET6 else 32
    size = 1 << (bits - int(length or bits))
    first = _number(address) // size * size
    return _Range(first, first + size - 1, family)


def _number(address: str) -> int:
    family = _socket.AF_INET6 if ":" in address else _socket.AF_INET
    try:
        return int.from_bytes(_socket.inet_pton(family, address), "big")
    except OSError as err:
        raise InvalidArgument(f"{address!r} is not an IP address") from err


def _text(number: int, family: int) -> str:
    return _socket.inet_ntop(family, number.to_bytes(4 if family == _socket.AF_INET else 16, "big"))
