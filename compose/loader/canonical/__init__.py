"""Short forms → long forms, attribute by attribute (compose-go transform).

``canonical`` changes a tree in place and may be applied again: long forms stay as they are. What cannot be understood is
noted as a fault at its key path.
"""

from __future__ import annotations

from compose.loader.faults import Fault
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def canonical(tree: Any, faults: list[Fault], *, interpolated: bool = True) -> list[str]:
    """Bring a merged tree into long form; what is deprecated is returned as warnings."""
    from compose.loader.canonical import resources, service

    services = tree.get("services")
    if isinstance(services, dict):
        for name, body in services.items():
            if body is None:
                services[name] = body = {}
            if isinstance(body, dict):
                service.transform(body, ("services", name), faults, interpolated)
    notes: list[str] = []
    resources.transform_resources(tree, faults, notes)
    return notes
