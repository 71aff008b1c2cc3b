"""Profiles: which services are on."""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def split(
    services: dict[str, Any], profiles: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(active, disabled) services; ``*`` turns all on."""
    if "*" in profiles:
        return dict(services), {}
    active: dict[str, Any] = {}
    disabled: dict[str, Any] = {}
    for name, body in services.items():
        own = body.get("profiles") or ()
        (active if not own or not set(profiles).isdisjoint(own) else disabled)[name] = body
    return active, disabled
