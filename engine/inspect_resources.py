"""A network or volume in the shape of ``docker network inspect`` and ``docker volume inspect`` (Engine API)."""

from __future__ import annotations

from engine import containers, networks, volumes
from engine.inspect import timestamp
from engine.state import containers as container_rows
from engine.state import networks as rows
from schemas.records import NetworkInfo


def network(name: str) -> dict[str, object]:
    """NotFound when there is no such network."""
    info = networks.get(name)
    if name in networks.BUILTIN:
        return _network(info)
    row = rows.get(info.id)
    plan = networks.plan_of(row)
    pools = {pool.get("subnet"): pool for pool in row.spec.get("ipam") or []}
    config: list[dict[str, object]] = []
    for subnet, gateway in zip(plan["subnets"], plan["gateways"], strict=True):
        asked = pools.get(subnet) or {}
        entry: dict[str, object] = {"Subnet": subnet}
        if asked.get("ip_range"):
            entry["IPRange"] = asked["ip_range"]
        entry["Gateway"] = gateway
        if asked.get("aux_addresses"):
            entry["AuxiliaryAddresses"] = asked["aux_addresses"]
        config.append(entry)
    found = _network(info)
    found["IPAM"] = {"Driver": "default", "Options": {}, "Config": config}
    found["Attachable"] = bool(row.spec.get("attachable"))
    found["Containers"] = _containers(info)
    found["Options"] = row.spec.get("driver_opts") or {}
    return found


def volume(name: str) -> dict[str, object]:
    """NotFound when there is no such volume."""
    info = volumes.get(name)
    return {
        "CreatedAt": timestamp(info.created).partition(".")[0] + "Z",
        "Driver": info.driver,
        "Labels": info.labels or None,
        "Mountpoint": info.mountpoint,
        "Name": info.name,
        "Options": info.options or None,
        "Scope": "local",
    }


def _network(info: NetworkInfo) -> dict[str, object]:
    return {
        "Name": info.name,
        "Id": info.id,
        "Created": timestamp(info.created),
        "Scope": "local",
        "Driver": info.driver,
        "EnableIPv4": not info.subnets or any(":" not in subnet for subnet in info.subnets),
        "EnableIPv6": any(":" in subnet for subnet in info.subnets),
        "IPAM": {"Driver": "default", "Options": None, "Config": None},
        "Internal": info.internal,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {},
        "Options": {},
        "Labels": info.labels,
    }


def _containers(info: NetworkInfo) -> dict[str, object]:
    """Those that run, as with Docker: whoever is stopped has no endpoint."""
    found: dict[str, object] = {}
    for id in info.containers:
        container = containers.get(id)
        if container.state not in containers.ACTIVE:
            continue
        for place in container_rows.endpoints(id):
            if place.network_id == info.id:
                found[id] = {
                    "Name": container.name,
                    # We number none: what is unique about it is whose it is, and where.
                    "EndpointID": id[:32] + info.id[:32],
                    "MacAddress": place.mac,
                    "IPv4Address": place.ipv4,
                    "IPv6Address": place.ipv6,
                }
    return found
