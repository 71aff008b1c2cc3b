"""The IPAM flags of ``network create`` as pools: each range, gateway and auxiliary address goes to the subnet it is in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from schemas.specs import IpamPool

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


def pools(
    *,
    subnets: Iterable[str],
    ip_ranges: Iterable[str],
    gateways: Iterable[str],
    auxiliary: Mapping[str, str],
) -> list[IpamPool]:
    """UsageError for what is in no subnet, or comes twice for one."""
    import ipaddress

    found: list[tuple[IPv4Network | IPv6Network, IpamPool]] = [
        (_network("subnet", subnet), {"subnet": subnet}) for subnet in subnets
    ]
    if not found and (list(ip_ranges) or list(gateways)):
        raise UsageError("every ip-range or gateway must have a corresponding subnet")

    def pool_of(what: str, text: str) -> IpamPool:
        try:
            address = ipaddress.ip_network(text, strict=False)[0]
        except ValueError:
            raise UsageError(f"invalid {what} {text}") from None
        for network, pool in found:
            if address in network:
                return pool
        raise UsageError(f"no matching subnet for {what} {text}")

    for what, key, texts in (("range", "ip_range", ip_ranges), ("gateway", "gateway", gateways)):
        for text in texts:
            pool = pool_of(what, text)
            if key in pool:
                raise UsageError(f"cannot configure multiple {what}s on one subnet ({text})")
            pool[key] = text  # type: ignore[literal-required]
    for name, text in auxiliary.items():
        pool_of("aux-address", text).setdefault("aux_addresses", {})[name] = text
    return [pool for _, pool in found]


def _network(what: str, text: str) -> IPv4Network | IPv6Network:
    import ipaddress

    try:
        return ipaddress.ip_network(text)
    except ValueError as err:
        raise UsageError(f"invalid {what} {text}: {err}") from err
