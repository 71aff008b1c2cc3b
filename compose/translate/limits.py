"""What a container may use: ``cpus``, ``mem_limit`` and their kin, ``deploy.resources``, ``ulimits``, ``blkio_config``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.paths import KeyPath
from schemas.specs import DeviceRequest, Limits, Ulimit

# Compose key → (key of the spec, type)
_OWN: dict[str, tuple[str, type]] = {
    "cpus": ("cpus", float),
    "cpu_shares": ("cpu_shares", int),
    "cpu_period": ("cpu_period", int),
    "cpu_quota": ("cpu_quota", int),
    "cpu_rt_period": ("cpu_rt_period", int),
    "cpu_rt_runtime": ("cpu_rt_runtime", int),
    "cpuset": ("cpuset", str),
    "mem_limit": ("memory", int),
    "mem_reservation": ("memory_reservation", int),
    "memswap_limit": ("memory_swap", int),
    "mem_swappiness": ("memory_swappiness", int),
    "pids_limit": ("pids", int),
    "oom_kill_disable": ("oom_kill_disable", bool),
}
_DEPLOYED = (
    ("limits", "cpus", "cpus", float),
    ("limits", "memory", "memory", int),
    ("limits", "pids", "pids", int),
    ("reservations", "memory", "memory_reservation", int),
)
KEYS = frozenset((*_OWN, "blkio_config"))


def limits(body: Mapping[str, Any], path: KeyPath, warnings: list[str]) -> Limits:
    """The limits of a service; those of ``deploy`` count where both are given. KeyUnsupported."""
    found: dict[str, Any] = {}
    for key, (name, kind) in _OWN.items():
        if body.get(key):
            found[name] = kind(body[key])
    blkio = body.get("blkio_config")
    if blkio:
        found["blkio"] = {
            key: _blkio(value) for key, value in blkio.items() if not key.startswith("x-")
        }
    resources = (body.get("deploy") or {}).get("resources") or {}
    for section, key, name, kind in _DEPLOYED:
        value = (resources.get(section) or {}).get(key)
        if value:
            found[name] = kind(value)
    if resources.get("reservations"):
        _reservations(
            resources["reservations"], (*path, "deploy", "resources", "reservations"), warnings
        )
    return found  # type: ignore[return-value]


def _reservations(reservations: Mapping[str, Any], path: KeyPath, warnings: list[str]) -> None:
    from compose.paths import show

    warnings += [
        f"{show((*path, key))} has no effect here: only Swarm reserves it"
        for key in ("cpus", "generic_resources")
        if reservations.get(key)
    ]


def device_request(entry: Mapping[str, Any]) -> DeviceRequest:
    """Devices asked for by what they are; "all" is -1."""
    found: DeviceRequest = {}
    if entry.get("driver"):
        found["driver"] = entry["driver"]
    if entry.get("count"):
        found["count"] = -1 if entry["count"] == "all" else int(entry["count"])
    if entry.get("device_ids"):
        found["device_ids"] = [str(id) for id in entry["device_ids"]]
    if entry.get("capabilities"):
        found["capabilities"] = list(entry["capabilities"])
    if entry.get("options"):
        found["options"] = dict(entry["options"])
    return found


def _blkio(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        {key: int(item) if key in ("rate", "weight") else item for key, item in entry.items()}
        for entry in value
    ]


def ulimits(body: Mapping[str, Any]) -> dict[str, Ulimit]:
    """``ulimits``; a single number is both."""
    return {
        name: {"soft": limit.get("soft", 0), "hard": limit.get("hard", 0)}
        if isinstance(limit, dict)
        else {"soft": limit, "hard": limit}
        for name, limit in body.items()
    }
