"""``pre_start``, ``post_start`` and ``pre_stop`` of a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.paths import KeyPath
from compose.translate.refusal import KeyUnsupported
from schemas import labels
from schemas.specs import ContainerSpec, Hook

PRE_START, POST_START, PRE_STOP = "pre_start", "post_start", "pre_stop"
KINDS = (PRE_START, POST_START, PRE_STOP)
_PER_REPLICA = f"{PRE_START}:replica"


def hooks(entries: list[Mapping[str, Any]], path: KeyPath) -> list[Hook]:
    """The hooks of one kind. KeyUnsupported for one without a command."""
    return [_hook(entry, (*path, index)) for index, entry in enumerate(entries)]


def mark(spec: ContainerSpec) -> None:
    """Label a container with the hooks it has: whoever plans its start may have nothing but labels."""
    words = [
        _PER_REPLICA if hook.get("per_replica") else kind
        for kind in KINDS
        for hook in spec.get(kind) or ()  # type: ignore[attr-defined]
    ]
    if words:
        spec["labels"] = {**(spec.get("labels") or {}), labels.HOOKS: ",".join(words)}


def per_replica(found: Mapping[str, str]) -> list[bool]:
    """For each ``pre_start`` hook that labels tell of, whether every container has its own run of it."""
    words = found.get(labels.HOOKS, "").split(",")
    return [word == _PER_REPLICA for word in words if word in (PRE_START, _PER_REPLICA)]


def has(kind: str, found: Mapping[str, str]) -> bool:
    """Whether labels tell of hooks of a kind."""
    return kind in found.get(labels.HOOKS, "").split(",")


def _hook(entry: Mapping[str, Any], path: KeyPath) -> Hook:
    command = entry.get("command")
    image = entry.get("image")
    if not command and not image:
        raise KeyUnsupported((*path, "command"), "a hook needs a command")
    found: Hook = {"command": list(command or ())}
    if entry.get("environment"):
        found["environment"] = dict(entry["environment"])
    for key in ("user", "working_dir", "image", "privileged", "per_replica"):
        if entry.get(key):
            found[key] = entry[key]
    return found
