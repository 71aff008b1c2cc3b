"""The volumes of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.ops.selection import project_containers
from schemas import labels
from schemas.records import VolumeInfo

if TYPE_CHECKING:
    from schemas.engine import Engine


def project_volumes(engine: Engine, project: str, services: list[str]) -> list[VolumeInfo]:
    """By name; with ``services`` only those that their containers use."""
    found = sorted(engine.volumes(labels={labels.PROJECT: project}), key=lambda volume: volume.name)
    if not services:
        return found
    containers = project_containers(engine, project, services=services, one_offs=True)
    used = {mount.source for info in containers for mount in info.mounts if mount.type == "volume"}
    return [volume for volume in found if volume.name in used]
