"""The processes of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.ops.selection import project_containers
from schemas.errors import Conflict, NotFound
from schemas.records import ContainerInfo, Process

if TYPE_CHECKING:
    from schemas.engine import Engine

Tops = list[tuple[ContainerInfo, list[Process]]]


def processes(engine: Engine, project: str, services: list[str]) -> Tops:
    """The processes of each running container, by its name; one that ends meanwhile is left out."""
    found = []
    containers = project_containers(engine, project, services=services, all=False, one_offs=True)
    for info in sorted(containers, key=lambda info: info.name):
        try:
            found.append((info, engine.top(info.id)))
        except (NotFound, Conflict):
            continue
    return found
