"""The options of a network's driver, in Docker's words: checked, and written into the plan. Pure."""

from __future__ import annotations

import _socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import NetworkSpec

if TYPE_CHECKING:
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
    driver = driver_of(spec)
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
    read(spec)


def read(spec: NetworkSpec) -> NetworkPlan:
    """What the driver options say, as the part of the plan that they decide; Unsupported names one that is not known."""
    driver = driver_of(spec)
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


def driver_of(spec: NetworkSpec) -> str:
    return spec.get("driver") or "bridge"


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
    family = _socket.AF_INET6 if ":" in value else _socket.AF_INET
    try:
        _socket.inet_pton(family, value)
    except OSError:
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
