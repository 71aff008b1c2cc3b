"""Networks, volumes, secrets and configs: the old way to name external ones."""

from __future__ import annotations

from compose.loader.faults import Fault
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_EXTERNALS = ("networks", "volumes", "secrets", "configs")


def transform_resources(tree: Any, faults: list[Fault], notes: list[str]) -> None:
    """``external: {name: x}`` becomes ``name: x, external: true``, with a note that it is deprecated."""
    for section in _EXTERNALS:
        resources = tree.get(section)
        if not isinstance(resources, dict):
            continue
        for name, body in resources.items():
            external = body.get("external") if isinstance(body, dict) else None
            if not isinstance(external, dict):
                continue
            legacy = external.get("name")
            if legacy and body.get("name") not in (None, legacy):
                text = "name and external.name conflict; only use name"
                faults.append(Fault((section, name, "external", "name"), text))
            if legacy:
                body["name"] = legacy
            body["external"] = True
            notes.append(
                f"{section}.{name}: external.name is deprecated. Please set name and external: true"
            )
