"""The containers that ``ps`` lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from compose.ops.selection import project_containers
from schemas import labels
from schemas.records import ContainerInfo

if TYPE_CHECKING:
    from schemas.engine import Engine


def listed(
    engine: Engine,
    project: str,
    services: Iterable[str] = (),
    *,
    all: bool = False,
    states: Iterable[str] = (),
) -> list[ContainerInfo]:
    """By name. ``states`` narrows to these, and like ``all`` brings in what has stopped and what ``run`` made."""
    wanted = frozenset(states)
    everything = all or bool(wanted)
    found = project_containers(
        engine, project, services=services, all=everything, one_offs=everything
    )
    return sorted(
        (info for info in found if not wanted or info.state in wanted), key=lambda info: info.name
    )


def services_of(containers: list[ContainerInfo]) -> list[str]:
    """The services that the containers belong to, each once."""
    return list(dict.fromkeys(info.labels.get(labels.SERVICE, "") for info in containers))
