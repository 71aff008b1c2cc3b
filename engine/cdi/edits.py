"""What the devices of a container change in it: variables, device nodes, mounts, groups and hooks, in the bundle's words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from engine.cdi.registry import Device as Described
from engine.cdi.registry import Edits
from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import Device
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from engine.runtime.bundle import BundleMount, HookCall

_KINDS = {"b": "b", "c": "c", "u": "c", "p": "p"}
_PROPAGATION = ("private", "rprivate", "slave", "rslave", "shared", "rshared")
_KEPT = ("nosuid", "nodev", "noexec", "bind", "rbind")
_IGNORED = ("rw", "defaults")
# Hooks of the runtime specification that are run here: in the container's namespaces, before its root is changed.
_HOOKS = ("createContainer",)


class Injection(NamedTuple):
    env: list[str]
    devices: list[Device]
    mounts: list[BundleMount]
    groups: list[str]
    hooks: list[HookCall]


def combine(devices: list[Described]) -> Injection:
    """The edits of all devices; those common to a file once. InvalidArgument, Unsupported."""
    total = Injection([], [], [], [], [])
    files: set[str] = set()
    for device in devices:
        if device.file not in files:
            files.add(device.file)
            _add(total, device.common, device.name)
        _add(total, device.edits, device.name)
    return total


def _add(total: Injection, edits: Edits, name: str) -> None:
    for key in ("intelRdt", "netDevices"):
        if edits.get(key):
            raise Unsupported(f"CDI device {name}: {key} is not supported")
    for word in edits.get("env") or []:
        if "=" not in str(word):
            raise InvalidArgument(f"CDI device {name}: env {word} is not like NAME=value")
        total.env.append(str(word))
    total.devices.extend(_node(node, name) for node in edits.get("deviceNodes") or [])
    total.mounts.extend(_mount(mount, name) for mount in edits.get("mounts") or [])
    total.groups.extend(str(int(gid)) for gid in edits.get("additionalGids") or [] if gid)
    total.hooks.extend(_hook(hook, name) for hook in edits.get("hooks") or [])


def _node(node: dict[str, Any], name: str) -> Device:
    path = node.get("path") or ""
    if not path.startswith("/"):
        raise InvalidArgument(f"CDI device {name}: deviceNodes path {path} is not absolute")
    found: Device = {
        "source": node.get("hostPath") or path,
        "target": path,
        "permissions": node.get("permissions") or "rwm",
    }
    if node.get("type"):
        if node["type"] not in _KINDS:
            raise InvalidArgument(f"CDI device {name}: unknown type {node['type']}")
        found["kind"] = _KINDS[node["type"]]
    for key, own in (
        ("major", "major"),
        ("minor", "minor"),
        ("fileMode", "mode"),
        ("uid", "uid"),
        ("gid", "gid"),
    ):
        if node.get(key) is not None:
            found[own] = int(node[key])  # type: ignore[literal-required]
    return found  # fmt: skip


def _mount(mount: dict[str, Any], name: str) -> BundleMount:
    source, target = mount.get("hostPath") or "", mount.get("containerPath") or ""
    if not target.startswith("/"):
        raise InvalidArgument(f"CDI device {name}: mount {target} is not absolute")
    options = [str(word) for word in mount.get("options") or []]
    kind = mount.get("type") or "bind"
    if kind == "tmpfs":
        return {"kind": "tmpfs", "target": target, "options": options, "read_only": "ro" in options}
    if kind not in ("bind", "none"):
        raise Unsupported(f"CDI device {name}: mount of type {kind} is not supported")
    if not os.path.exists(source):
        raise InvalidArgument(f"CDI device {name}: mount {source}: no such file or directory")
    found: BundleMount = {
        "kind": "bind",
        "source": source,
        "target": target,
        "read_only": "ro" in options,
        "options": [word for word in options if word in _KEPT],
    }
    for word in options:
        if word in _PROPAGATION:
            found["propagation"] = word
        elif word not in _KEPT and word not in _IGNORED and word != "ro":
            raise Unsupported(f"CDI device {name}: mount option {word} is not supported")
    return found


def _hook(hook: dict[str, Any], name: str) -> HookCall:
    kind = hook.get("hookName") or ""
    if kind not in _HOOKS:
        raise Unsupported(
            f"CDI device {name}: hook {kind} is not supported ({', '.join(_HOOKS)} is)"
        )
    path = hook.get("path") or ""
    if not path.startswith("/"):
        raise InvalidArgument(f"CDI device {name}: hook {path} is not an absolute path")
    return {
        "path": path,
        "args": [str(word) for word in hook.get("args") or [path]],
        "env": [str(word) for word in hook.get("env") or []],
        "timeout": float(hook.get("timeout") or 0),
    }
