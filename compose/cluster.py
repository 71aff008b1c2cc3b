"""What exists of a project on a cluster, from one listing of each kind."""

from __future__ import annotations

from compose.stack import KINDS, Stack
from schemas import labels
from schemas.errors import NotFound
from schemas.records import NetworkInfo
from schemas.service_engine import ServiceEngine
from schemas.services import Kind, NodeInfo, ServiceInfo, StoredInfo, TaskInfo
from schemas.typed import NamedTuple


class Observed(NamedTuple):
    """Services by key of the file, networks by name, tasks by service id, newest first."""

    project: str
    services: dict[str, ServiceInfo]
    networks: dict[str, NetworkInfo]
    stored: dict[Kind, dict[str, StoredInfo]]  # by name
    tasks: dict[str, list[TaskInfo]]
    nodes: dict[str, NodeInfo]


def observe(engine: ServiceEngine, project: str, wanted: Stack | None = None) -> Observed:
    """List what carries the project's label, or ``docker stack``'s; what is ``wanted`` besides is looked up. EngineError."""
    services = find_services(engine, project)
    networks = {info.name: info for info in engine.networks(labels={labels.STACK: project})}
    stored = {
        kind: {info.name: info for info in engine.stored(kind, labels={labels.STACK: project})}
        for kind in KINDS
    }
    if wanted is not None:
        for network in wanted.networks.values():
            if network.name not in networks:
                try:
                    networks[network.name] = engine.network(network.name)
                except NotFound:
                    continue
        _external(engine, wanted, stored)
    return Observed(
        project,
        services,
        networks,
        stored,
        by_service(engine.tasks(list(services.values()))),
        {node.id: node for node in engine.nodes()},
    )


def find_services(engine: ServiceEngine, project: str) -> dict[str, ServiceInfo]:
    """The project's services by key of the file: those of pycompose and those of ``docker stack deploy``."""
    found = engine.services(labels={labels.STACK: project})
    return {key_of(info, project): info for info in found}


def key_of(info: ServiceInfo, project: str) -> str:
    """The key of a service in the file."""
    return info.labels.get(labels.SERVICE) or info.name.removeprefix(f"{project}_")


def by_service(tasks: list[TaskInfo]) -> dict[str, list[TaskInfo]]:
    """Tasks by the id of their service."""
    found: dict[str, list[TaskInfo]] = {}
    for task in tasks:
        found.setdefault(task.service_id, []).append(task)
    return found


def _external(
    engine: ServiceEngine, wanted: Stack, stored: dict[Kind, dict[str, StoredInfo]]
) -> None:
    """Add the secrets and configs that are somebody else's; NotFound."""
    for kind in KINDS:
        names = {file.name for file in wanted.files if file.kind == kind and file.spec is None}
        if not names:
            continue
        known = {info.name: info for info in engine.stored(kind)}
        for name in sorted(names):
            if name not in known:
                raise NotFound(f"external {kind[:-1]} {name} could not be found")
            stored[kind][name] = known[name]
