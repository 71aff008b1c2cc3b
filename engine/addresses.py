"""A container's places on networks: addresses given out when it is made and kept until it is removed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from engine import networks
from engine.state import containers as container_rows
from engine.state import networks as network_rows
from engine.state.containers import ContainerRow, EndpointRow
from engine.state.networks import NetworkRow
from schemas.errors import InvalidArgument
from schemas.specs import ContainerSpec, Endpoint

if TYPE_CHECKING:
    from engine.network.endpoint import EndpointPlan


def wanted(spec: ContainerSpec) -> list[Endpoint]:
    """The networks asked for, in order of their interfaces: highest priority first, else as written."""
    endpoints = spec.get("endpoints") or []
    mode = spec.get("network_mode") or ""
    if not endpoints and mode in ("", "bridge", "default"):
        return [{"network": networks.DEFAULT}]
    return sorted(endpoints, key=lambda endpoint: -(endpoint.get("priority") or 0))


def allocate(
    database: sqlite3.Connection,
    container_id: str,
    endpoint: Endpoint,
    *,
    position: int,
    mac: str = "",
) -> EndpointRow:
    """Choose addresses on one network and record them. NotFound for the network; Conflict for a taken address."""
    from engine.network import ipam

    network = network_rows.get(endpoint["network"])
    plan = networks.plan_of(network)
    taken4, taken6 = network_rows.taken_addresses(database, network.id)
    addresses = {"4": "", "6": ""}
    for family, taken, asked in (
        ("4", taken4, endpoint.get("ipv4_address")),
        ("6", taken6, endpoint.get("ipv6_address")),
    ):
        pools = [
            (subnet, gateway)
            for subnet, gateway in zip(plan["subnets"], plan["gateways"], strict=True)
            if (":" in subnet) == (family == "6")
        ]
        if asked and not pools:
            raise InvalidArgument(f"network {network.name} has no IPv{family} subnet for {asked}")
        if pools:
            subnet, gateway = _pool(pools, asked, network)
            reserved, ip_range = _reservations(network, subnet)
            address = ipam.choose_address(
                subnet, taken=[*taken, *reserved], gateway=gateway, ip_range=ip_range, wanted=asked
            )
            addresses[family] = f"{address}/{subnet.partition('/')[2]}"
    mac = endpoint.get("mac_address") or mac or ipam.mac_address(addresses["4"].partition("/")[0])
    row = EndpointRow(
        container_id,
        network.id,
        network.name,
        position,
        addresses["4"],
        addresses["6"],
        mac.lower(),
        endpoint,
    )
    container_rows.insert_endpoint(database, row)
    return row


def free_position(rows: list[EndpointRow]) -> int:
    """The lowest interface number that is not in use."""
    used = {row.position for row in rows}
    return next(number for number in range(len(used) + 1) if number not in used)


def plans(
    row: ContainerRow, endpoints: list[EndpointRow], spec: ContainerSpec
) -> list[EndpointPlan]:
    """What the shim sets up, one plan per place."""
    found = [(endpoint, network_rows.get(endpoint.network_id)) for endpoint in endpoints]
    gateway = gateway_of(found)
    return [
        _plan(row, endpoint, network, spec, default_route=endpoint.network_id == gateway)
        for endpoint, network in found
    ]


def gateway_of(places: list[tuple[EndpointRow, NetworkRow]]) -> str:
    """Id of the network that has the default route: highest gw_priority, then first name; an internal one has none."""
    outward = [
        (-(endpoint.endpoint.get("gw_priority") or 0), network.name, network.id)
        for endpoint, network in places
        if not networks.plan_of(network)["internal"]
    ]
    return min(outward)[2] if outward else ""


def names(row: ContainerRow, endpoint: Endpoint, hostname: str) -> list[str]:
    """Every name that DNS knows the place by, the container's own first."""
    found = [row.name, *(endpoint.get("aliases") or []), row.id[:12], hostname]
    return [name for name in dict.fromkeys(found) if name]


def _plan(
    row: ContainerRow,
    endpoint: EndpointRow,
    network: NetworkRow,
    spec: ContainerSpec,
    *,
    default_route: bool,
) -> EndpointPlan:
    from engine.network import bridge

    plan = networks.plan_of(network)
    gateways = {":" in gateway: gateway for gateway in reversed(plan["gateways"])}
    if len(plan["subnets"]) > 1:
        for subnet, gateway in zip(plan["subnets"], plan["gateways"], strict=True):
            if endpoint.ipv4 and _inside(endpoint.ipv4, subnet):
                gateways[False] = gateway
    return {
        "network_id": network.id,
        "network": network.name,
        "bridge": network.bridge,
        "ipv4": endpoint.ipv4,
        "gateway4": gateways.get(False, ""),
        "ipv6": endpoint.ipv6,
        "gateway6": gateways.get(True, "") if endpoint.ipv6 else "",
        "mac": endpoint.mac,
        "interface": endpoint.endpoint.get("interface_name") or f"eth{endpoint.position}",
        "mtu": plan["mtu"],
        # 36 bits of the container and the place in it: unique on the host, and known without asking anyone.
        "host_interface": f"pv{row.id[:9]}{endpoint.position:03x}",
        "internal": plan["internal"],
        "default_route": default_route,
        "names": names(row, endpoint.endpoint, spec.get("hostname") or ""),
        "group": bridge.group(network.id),
    }


def _pool(pools: list[tuple[str, str]], asked: str | None, network: NetworkRow) -> tuple[str, str]:
    """The subnet an address is chosen from: the first, or the one that has the address asked for."""
    if not asked:
        return pools[0]
    for subnet, gateway in pools:
        if _inside(asked, subnet):
            return subnet, gateway
    subnets = ", ".join(subnet for subnet, _ in pools)
    raise InvalidArgument(
        f"address {asked} is not in a subnet of network {network.name} ({subnets})"
    )


def _reservations(network: NetworkRow, subnet: str) -> tuple[list[str], str | None]:
    """Auxiliary addresses that are never given out, and the range to choose from."""
    import ipaddress

    for pool in network.spec.get("ipam") or []:
        if pool.get("subnet") and str(ipaddress.ip_network(pool["subnet"])) == subnet:
            return list((pool.get("aux_addresses") or {}).values()), pool.get("ip_range")
    return [], None


def _inside(address: str, subnet: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(address.partition("/")[0]) in ipaddress.ip_network(subnet)
    except ValueError as err:
        raise InvalidArgument(str(err)) from err
