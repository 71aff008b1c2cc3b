"""Networks, how a service sits on them, and the ports it publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.paths import KeyPath
from schemas.specs import Endpoint, IpamPool, NetworkSpec, Port, VolumeSpec

# External networks of these names are no bridges: a container on one has that network mode.
BUILTIN = ("host", "none")
_ATTACHMENT = (
    "ipv4_address", "ipv6_address", "link_local_ips", "mac_address", "interface_name", "priority", "gw_priority",
    "driver_opts",
)  # fmt: skip


def endpoints(networks: Mapping[str, Any], names: Mapping[str, str]) -> list[Endpoint]:
    """The places of a service by network name; ``aliases`` are those of the file, the container's own names come later."""
    found: list[Endpoint] = []
    for key, attachment in networks.items():
        endpoint: Endpoint = {"network": names.get(key, key)}
        if attachment:
            if attachment.get("aliases"):
                endpoint["aliases"] = list(attachment["aliases"])
            for name in _ATTACHMENT:
                if attachment.get(name):
                    endpoint[name] = attachment[name]  # type: ignore[literal-required]
        found.append(endpoint)
    return found


def port(body: Mapping[str, Any]) -> Port:
    """A long-form entry of ``ports``."""
    found: Port = {"target": body["target"], "protocol": body.get("protocol") or "tcp"}
    first, dash, last = str(body.get("published") or "").partition("-")
    if dash:
        found["published_range"] = [int(first), int(last)]
    elif first and int(first):
        found["published"] = int(first)
    if body.get("host_ip"):
        found["host_ip"] = str(body["host_ip"]).strip("[]")
    return found


def network_spec(
    body: Mapping[str, Any], name: str, labels: dict[str, str], path: KeyPath
) -> NetworkSpec:
    """A network of the project. KeyUnsupported."""
    spec: NetworkSpec = {"name": name, "labels": {**(body.get("labels") or {}), **labels}}
    for key in ("driver", "driver_opts"):
        if body.get(key):
            spec[key] = body[key]
    for flag in ("internal", "attachable", "enable_ipv4", "enable_ipv6"):
        if body.get(flag) is not None:
            spec[flag] = body[flag]
    ipam = body.get("ipam") or {}
    if ipam.get("options"):
        spec["ipam_options"] = ipam["options"]
    if ipam.get("driver"):
        spec["ipam_driver"] = ipam["driver"]
    if ipam.get("config"):
        spec["ipam"] = [_pool(pool) for pool in ipam["config"]]
    return spec


def _pool(body: Mapping[str, Any]) -> IpamPool:
    pool: IpamPool = {}
    for key in ("subnet", "gateway", "ip_range", "aux_addresses"):
        if body.get(key):
            pool[key] = body[key]
    return pool


def volume_spec(body: Mapping[str, Any], name: str, labels: dict[str, str]) -> VolumeSpec:
    """A volume of the project."""
    spec: VolumeSpec = {"name": name, "labels": {**(body.get("labels") or {}), **labels}}
    for key in ("driver", "driver_opts"):
        if body.get(key):
            spec[key] = body[key]
    return spec
