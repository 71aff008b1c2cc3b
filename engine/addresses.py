"""A container's places on networks: addresses given out when it is made and kept until it is removed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from engine import networks
from engine.network import wishes
from engine.state import containers as container_rows
from engine.state import networks as network_rows
from engine.state.containers import ContainerRow, EndpointRow
from engine.state.networks import NetworkRow
from schemas.errors import Conflict, InvalidArgument
from schemas.specs import ContainerSpec, Endpoint

if TYPE_CHECKING:
    from engine.network.bridge import NetworkPlan
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
            addresses[family] = _choose(network, pools, taken, asked)
    own_mac = _mac(network, plan, endpoint.get("mac_address") or mac, addresses["4"])
    row = EndpointRow(
        container_id,
        network.id,
        network.name,
        position,
        addresses["4"],
        addresses["6"],
        own_mac,
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
    leading4, leading6 = leading(found, "ipv4"), leading(found, "ipv6")
    plans = [
        _plan(row, endpoint, network, spec, default_route=endpoint.network_id == leading4)
        for endpoint, network in found
    ]
    for plan in plans:
        plan["default6"] = plan["network_id"] == leading6
    return plans


def leading(places: list[tuple[EndpointRow, NetworkRow]], family: str) -> str:
    """Id of the network that the family's default route leads to; an internal one has none, nor has a family without address.

    Highest gw_priority, then first name.
    """
    outward = [
        (-(endpoint.endpoint.get("gw_priority") or 0), network.name, network.id)
        for endpoint, network in places
        if not networks.plan_of(network)["internal"] and getattr(endpoint, family)
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
    asked = endpoint.endpoint
    options = asked.get("driver_opts") or {}
    interface = (
        asked.get("interface_name")
        or options.get(wishes.INTERFACE)
        or f"{plan.get('prefix', 'eth')}{endpoint.position}"
    )
    found: EndpointPlan = {
        "network_id": network.id,
        "network": network.name,
        "bridge": network.bridge,
        "ipv4": endpoint.ipv4,
        "gateway4": _gateway(plan, endpoint.ipv4),
        "ipv6": endpoint.ipv6,
        "gateway6": _gateway(plan, endpoint.ipv6),
        "mac": endpoint.mac,
        "interface": interface,
        "mtu": plan["mtu"],
        # 36 bits of the container and the place in it: unique on the host, and known without asking anyone.
        "host_interface": f"pv{row.id[:9]}{endpoint.position:03x}",
        "internal": plan["internal"],
        "default_route": default_route,
        "names": names(row, asked, spec.get("hostname") or ""),
        "group": bridge.group(network.id),
    }
    if asked.get("gw_priority"):
        found["priority"] = asked["gw_priority"]
    if plan.get("isolated"):
        found["isolated"] = True
    if "driver" in plan:
        found["child"] = {
            "driver": plan["driver"],
            "parent": plan["parent"],
            "mode": plan["mode"],
            "flag": plan.get("flag", ""),
        }
    if asked.get("link_local_ips"):
        found["further"] = [wishes.link_local(address) for address in asked["link_local_ips"]]
    if options.get(wishes.SYSCTLS):
        found["sysctls"] = dict(wishes.sysctls(options[wishes.SYSCTLS], interface))
    return found


def _gateway(plan: NetworkPlan, address: str) -> str:
    """The gateway of the subnet that the address is of; "" for none, and where routes need none."""
    if not address or plan.get("mode") in ("l3", "l3s"):
        return ""
    for subnet, gateway in zip(plan["subnets"], plan["gateways"], strict=True):
        if _inside(address, subnet):
            return gateway
    return ""


def _choose(
    network: NetworkRow, pools: list[tuple[str, str]], taken: list[str], asked: str | None
) -> str:
    """An address with its prefix length: the one asked for, else the first free one of the first subnet that has any."""
    from engine.network import ipam

    if asked:
        pools = [_pool(pools, asked, network)]
    for index, (subnet, gateway) in enumerate(pools):
        reserved, ip_range = _reservations(network, subnet)
        try:
            address = ipam.choose_address(
                subnet, taken=[*taken, *reserved], gateway=gateway, ip_range=ip_range, wanted=asked
            )
        except Conflict:
            if index == len(pools) - 1:
                raise
            continue
        return f"{address}/{subnet.partition('/')[2]}"
    raise AssertionError("no pool")


def _mac(network: NetworkRow, plan: NetworkPlan, asked: str, ipv4: str) -> str:
    from engine.network import ipam

    if plan.get("driver") != "ipvlan":
        return (asked or ipam.mac_address(ipv4.partition("/")[0])).lower()
    if asked:
        raise InvalidArgument(
            f"network {network.name}: mac_address: an ipvlan interface has its parent's"
        )
    return ""


def _pool(pools: list[tuple[str, str]], asked: str, network: NetworkRow) -> tuple[str, str]:
    """The subnet that has the address asked for."""
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
