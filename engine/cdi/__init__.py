"""Devices by name: the Container Device Interface (CNCF's container-device-interface, SPEC.md, versions up to 1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.cdi.edits import Injection
    from schemas.specs import DeviceRequest


def injection(requests: list[DeviceRequest]) -> Injection:
    """What the requested devices change in a container. NotFound, Conflict, Unsupported, InvalidArgument."""
    from engine.cdi import edits, registry
    from engine.cdi.requests import resolve

    known = registry.load()
    return edits.combine([known.find(name) for name in resolve(requests, known)])
