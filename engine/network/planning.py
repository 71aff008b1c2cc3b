"""A network as asked for → a network as it must be in the kernel. Pure: what is taken already comes in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.network import ipam
from schemas.errors import Conflict, InvalidArgument, Unsupported
from schemas.specs import IpamPool, NetworkSpec

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from engine.network.bridge import NetworkPlan

MTU = 1500
CHILD_DRIVERS = ("macvlan", "ipvlan")
DRIVERS = ("bridge", "default", *CHILD_DRIVERS)
# The modes of the drivers, the first of which is the default (Docker's words; macvlan and ipvlan in ip-link(8)).
MODES = {
    "macvlan": ("bridge", "private", "vepa", "passthru"),
    "ipvlan": ("l2", "l3", "l3s"),
}
_FLAGS = ("bridge", "private", "vepa")
_LONGEST_NAME = 15  # IFNAMSIZ without its zero byte


def check(spec: NetworkSpec) -> None:
    """Raise Unsupported or InvalidArgument for what no machine state could make possible."""
    name = spec["name"]
    driver = _driver(spec)
    if driver not in DRIVERS:
        raise Unsupported(
            f"network {name}: driver {driver} is not supported by the local engine"
            " (bridge, macvlan and ipvlan are)"
        )
    ipam_driver = spec.get("ipam_driver") or "default"
    if ipam_driver != "default":
        raise Unsupported(f"network {name}: ipam.driver {ipam_driver} is not supported")
    if spec.get("enable_ipv4") is False and not spec.get("enable_ipv6"):
        raise InvalidArgument(
            f"network {name}: enable_ipv4: false leaves no addresses without enable_ipv6: true"
        )
    options(spec)


def options(spec: NetworkSpec) -> NetworkPlan:
    """What the driver options say, as the part of the plan that they decide; Unsupported names one that is not known."""
    driver = _driver(spec)
    found: NetworkPlan = {"mtu": MTU}  # type: ignore[typeddict-item]
    readers = _CHILD_OPTIONS if driver in CHILD_DRIVERS else _BRIDGE_OPTIONS
    if driver in CHILD_DRIVERS:
        found["driver"] = driver
        found["mode"] = MODES[driver][0]
    for option, value in (spec.get("driver_opts") or {}).items():
        reader = readers.get(option)
        if reader is None or (reader is _flag and driver != "ipvlan"):
            raise Unsupported(f"network {spec['name']}: driver_opts {option} is not supported")
        try:
            reader(found, str(value))
        except ValueError as err:
            raise InvalidArgument(
                f"network {spec['name']}: driver_opts {option}: {value!r} {err}"
            ) from err
    return found


def plan(id: str, spec: NetworkSpec, host: list[str], used: list[str]) -> NetworkPlan:
    """Choose what was not asked for, clear of the subnets of the ``host`` and those ``used``; Conflict, InvalidArgument."""
    found = options(spec)
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
        subnet = ipam.choose_subnet([*host, *used])
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
    child = _driver(spec) in CHILD_DRIVERS
    if child and not found.get("parent"):
        found["parent"] = f"dm-{id[:12]}"  # an interface of its own, connected to nothing
        found["own_parent"] = True
    return {
        "bridge": "" if child else f"br-{id[:12]}",
        **found,
        "id": id,
        "name": spec["name"],
        "subnets": subnets,
        "gateways": gateways,
        "internal": bool(spec.get("internal")),
        "driver_opts": dict(spec.get("driver_opts") or {}),
    }


def _driver(spec: NetworkSpec) -> str:
    return spec.get("driver") or "bridge"


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


# Each reader writes one option into the plan; ValueError says, after the value, what is wrong with it.


def _mtu(plan: NetworkPlan, value: str) -> None:
    # 68 is the least that IPv4 allows (RFC 791).
    if not value.isdecimal() or not 68 <= int(value) <= 65535:
        raise ValueError("is not between 68 and 65535")
    plan["mtu"] = int(value)


def _interface(value: str) -> str:
    if not 0 < len(value) <= _LONGEST_NAME or any(char in "/: \t\n" for char in value):
        raise ValueError(f"is no interface name of at most {_LONGEST_NAME} characters")
    return value


def _bridge_name(plan: NetworkPlan, value: str) -> None:
    plan["bridge"] = _interface(value)


def _parent(plan: NetworkPlan, value: str) -> None:
    plan["parent"] = _interface(value)


def _prefix(plan: NetworkPlan, value: str) -> None:
    plan["prefix"] = _interface(value)


def _icc(plan: NetworkPlan, value: str) -> None:
    plan["isolated"] = not _boolean(value)


def _masquerade(plan: NetworkPlan, value: str) -> None:
    plan["masquerade"] = _boolean(value)


def _binding(plan: NetworkPlan, value: str) -> None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise ValueError("is not an IP address") from None
    plan["binding"] = value


def _mode(plan: NetworkPlan, value: str) -> None:
    _one_of(value, MODES[plan["driver"]])
    plan["mode"] = value


def _flag(plan: NetworkPlan, value: str) -> None:
    _one_of(value, _FLAGS)
    plan["flag"] = value


def _one_of(value: str, words: tuple[str, ...]) -> None:
    if value not in words:
        raise ValueError(f"is none of {', '.join(words)}")


def _boolean(value: str) -> bool:
    if value.lower() in ("true", "1", "t"):
        return True
    if value.lower() in ("false", "0", "f"):
        return False
    raise ValueError("is neither true nor false")


_Reader = Callable[["NetworkPlan", str], None]
_COMMON: Mapping[str, _Reader] = {
    "com.docker.network.driver.mtu": _mtu,
    "com.docker.network.container_iface_prefix": _prefix,
}
_BRIDGE_OPTIONS: Mapping[str, _Reader] = {
    **_COMMON,
    "com.docker.network.bridge.name": _bridge_name,
    "com.docker.network.bridge.enable_icc": _icc,
    "com.docker.network.bridge.enable_ip_masquerade": _masquerade,
    "com.docker.network.bridge.host_binding_ipv4": _binding,
}
_CHILD_OPTIONS: Mapping[str, _Reader] = {
    **_COMMON,
    "parent": _parent,
    "macvlan_mode": _mode,
    "ipvlan_mode": _mode,
    "ipvlan_flag": _flag,
}
