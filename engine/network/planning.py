"""A network as asked for → a network as it must be in the kernel. Pure: what is taken already comes in."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from engine.network import bridge, driver_options, ipam
from schemas.errors import Conflict, InvalidArgument
from schemas.specs import IpamPool, NetworkSpec

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from engine.network.bridge import NetworkPlan


def plan(
    id: str,
    spec: NetworkSpec,
    host: list[str],
    used: list[str],
    pools: tuple[tuple[str, int], ...] = (),
) -> NetworkPlan:
    """Choose what was not asked for, clear of the subnets of the ``host`` and those ``used``; Conflict, InvalidArgument.

    ``pools`` are this machine's for subnets, when it has any of its own.
    """
    found = driver_options.read(spec)
    subnets: list[str] = []
    gateways: list[str] = []
    for pool in spec.get("ipam") or []:
        if not pool.get("subnet"):
            if pool:
                raise InvalidArgument(
                    f"network {spec['name']}: ipam.config {', '.join(pool)} needs a subnet beside it"
                )
            continue
        network = _subnet(spec, pool, [*used, *subnets])
        subnets.append(str(network))
        gateways.append(_gateway(spec, pool, network))
    ipv4 = spec.get("enable_ipv4") is not False
    if ipv4 and not any(":" not in subnet for subnet in subnets):
        subnet = ipam.choose_subnet([*host, *used], pools)
        subnets.insert(0, subnet)
        gateways.insert(0, str(ipaddress.ip_network(subnet)[1]))
    if not ipv4 and any(":" not in subnet for subnet in subnets):
        raise InvalidArgument(f"network {spec['name']}: enable_ipv4: false, but an IPv4 subnet")
    if spec.get("enable_ipv6") and not any(":" in subnet for subnet in subnets):
        # A unique local prefix (RFC 4193): 40 random bits, which the network's id has, and subnet 0.
        local = ipaddress.ip_network((int("fd" + id[:10] + "0" * 20, 16), 64))
        subnets.append(str(local))
        gateways.append(str(local[1]))
    if not spec.get("enable_ipv6") and any(":" in subnet for subnet in subnets):
        raise InvalidArgument(
            f"network {spec['name']}: an IPv6 subnet needs enable_ipv6: true beside it"
        )
    child = driver_options.driver_of(spec) in driver_options.CHILD_DRIVERS
    if child and not found.get("parent"):
        found["parent"] = f"dm-{id[:12]}"  # an interface of its own, connected to nothing
        found["own_parent"] = True
    return {
        "bridge": "" if child else bridge.name_of(id),
        **found,
        "id": id,
        "name": spec["name"],
        "subnets": subnets,
        "gateways": gateways,
        "internal": bool(spec.get("internal")),
        "driver_opts": dict(spec.get("driver_opts") or {}),
    }


def _subnet(spec: NetworkSpec, pool: IpamPool, used: list[str]) -> IPv4Network | IPv6Network:
    subnet = pool["subnet"]
    network = _network(spec, "subnet", subnet)
    for other in used:
        if network.overlaps(ipaddress.ip_network(other)):
            raise Conflict(
                f"network {spec['name']}: subnet {subnet} overlaps {other}, which another network has"
            )
    ip_range = pool.get("ip_range")
    if ip_range:
        within = _network(spec, "ip_range", ip_range)
        if within.version != network.version or not within.subnet_of(network):  # type: ignore[arg-type]
            raise InvalidArgument(
                f"network {spec['name']}: ip_range {ip_range} is not in subnet {subnet}"
            )
    for name, address in (pool.get("aux_addresses") or {}).items():
        if _address(spec, f"aux_addresses.{name}", address) not in network:
            raise InvalidArgument(
                f"network {spec['name']}: aux_addresses.{name} {address} is not in subnet {subnet}"
            )
    return network


def _gateway(spec: NetworkSpec, pool: IpamPool, network: IPv4Network | IPv6Network) -> str:
    """The one asked for, else the lowest address that nothing else has been promised."""
    gateway = pool.get("gateway")
    reserved = [
        _address(spec, f"aux_addresses.{name}", address)
        for name, address in (pool.get("aux_addresses") or {}).items()
    ]
    if gateway:
        asked = _address(spec, "gateway", gateway)
        if asked not in network:
            raise InvalidArgument(
                f"network {spec['name']}: gateway {gateway} is not in subnet {pool['subnet']}"
            )
        if asked in reserved:
            raise Conflict(
                f"network {spec['name']}: gateway {gateway} is one of aux_addresses as well"
            )
        return gateway
    # A subnet of one or two addresses (RFC 3021) has no network address of its own.
    first = network[0] if network.num_addresses <= 2 else network[1]
    while first in reserved:
        first += 1
    if first not in network:
        raise InvalidArgument(
            f"network {spec['name']}: no address of {pool['subnet']} is left for a gateway"
        )
    return str(first)


def _network(spec: NetworkSpec, what: str, text: str) -> IPv4Network | IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as err:
        raise InvalidArgument(f"network {spec['name']}: {what} {text}: {err}") from err


def _address(
    spec: NetworkSpec, what: str, text: str
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as err:
        raise InvalidArgument(f"network {spec['name']}: {what}: {err}") from err
