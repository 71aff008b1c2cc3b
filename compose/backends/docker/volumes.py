"""Volumes of a daemon."""

from __future__ import annotations

import json

from compose.backends.docker import records
from compose.backends.docker.client import Client
from compose.backends.docker.containers import words
from compose.backends.docker.wire import quote
from schemas.records import VolumeInfo
from schemas.specs import VolumeSpec


def select(client: Client, labels: dict[str, str] | None) -> list[VolumeInfo]:
    filters = json.dumps({"label": words(labels)}) if labels else None
    found = client.wire.get("/volumes", {"filters": filters})
    return [records.volume(each) for each in found.get("Volumes") or ()]


def get(client: Client, name: str) -> VolumeInfo:
    """NotFound."""
    return records.volume(client.wire.get(f"/volumes/{quote(name)}"))


def inspect(client: Client, name: str) -> dict[str, object]:
    """As the daemon says it; NotFound."""
    return dict(client.wire.get(f"/volumes/{quote(name)}"))


def create(client: Client, spec: VolumeSpec) -> VolumeInfo:
    """Make it; one that is there as it is wanted is no error. Conflict when it is another one."""
    with client.explained():
        made = client.api.create_volume(
            spec["name"], spec.get("driver") or "local", spec.get("driver_opts"), spec.get("labels")
        )
    return records.volume(made)


def remove(client: Client, name: str, *, force: bool) -> None:
    """Conflict while a container uses it; NotFound, unless forced."""
    with client.explained():
        client.api.remove_volume(name, force=force)
