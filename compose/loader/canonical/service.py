"""A service's short forms → long forms: one table row per attribute."""

from __future__ import annotations

from compose.loader.canonical import build, ports, volumes
from compose.loader.faults import Fault
from compose.loader.marks import Map, Seq, position_of
from compose.loader.merge import STARTED, to_mapping
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Transform = Callable[[Any, KeyPath, list[Fault]], Any]


def transform(body: dict[str, Any], path: KeyPath, faults: list[Fault], interpolated: bool) -> None:
    """Bring one service into long form, in place."""
    for key, value in body.items():
        change = _TABLE.get(key)
        if change is not None and value is not None:
            body[key] = change(value, (*path, key), faults)
    items = body.get("ports")
    if isinstance(items, list):
        body["ports"] = ports.transform(items, (*path, "ports"), faults, interpolated)
    if body.get("gpus") == "all":
        body["gpus"] = [{"count": "all"}]


def _list(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return [value] if isinstance(value, str) else value


def _servers(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return [item for item in _list(value, path, faults) if item not in ("", None)]


def _depends_on(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    result = to_mapping(value, STARTED)
    for dependency in result.values():
        if isinstance(dependency, dict):
            dependency.setdefault("required", True)
    return result


def _names(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return to_mapping(value, None)


def _env_files(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    items = value if isinstance(value, list) else [value]
    result = Seq()
    for index, item in enumerate(items):
        entry = item if isinstance(item, dict) else {"path": item}
        entry.setdefault("required", True)
        result.append(entry)
        result.at.append(position_of(items, index) or 0)
    return result


def _device(item: str, path: KeyPath, faults: list[Fault]) -> Any:
    parts = item.split(":")
    source, target, permissions = parts[0], parts[0], "rwm"
    if len(parts) == 3:
        target, permissions = parts[1], parts[2]
    elif len(parts) == 2:
        target = parts[1]
    elif len(parts) > 3:
        faults.append(Fault(path, f"confusing device mapping, please use long syntax: {item}"))
    return {"source": source, "target": target or source, "permissions": permissions}


def _devices(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                value[index] = _device(item, (*path, index), faults)
    return value


def _volumes(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, list):
        volumes.transform(value, path, faults)
    return value


def _mounts(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, list):
        build.mounts(value)
    return value


def _extends(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return Map({"service": value}) if isinstance(value, str) else value


_TABLE: dict[str, Transform] = {
    "build": build.transform,
    "configs": _mounts,
    "depends_on": _depends_on,
    "devices": _devices,
    "dns": _servers,
    "env_file": _env_files,
    "extends": _extends,
    "label_file": _list,
    "models": _names,
    "networks": _names,
    "secrets": _mounts,
    "volumes": _volumes,
}
