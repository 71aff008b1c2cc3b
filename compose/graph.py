"""Who needs what: services, their dependencies, and the networks and volumes they use.

A graph comes from the files (``of_project``) or, when there are none, from the labels of what exists (``of_labels``).
It has what ``stop``, ``start``, ``restart`` and ``down`` must know, and never fails on an attribute that no engine honours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from schemas import labels
from schemas.errors import DependencyError, UsageError
from schemas.typed import NamedTuple, Protocol

if TYPE_CHECKING:
    from compose.observed import Observed
    from compose.project import Project


class Dependency(NamedTuple):
    """``service`` must meet ``condition`` first; not ``required``: if it is there at all."""

    service: str
    condition: str = "service_started"
    required: bool = True
    restart: bool = False


class Node(NamedTuple):
    """A service. Networks and volumes by key; ``built``: the image has no name of its own in the file."""

    depends_on: tuple[Dependency, ...] = ()
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    image: str = ""
    built: bool = False
    scale: int = 1


class Depends(Protocol):
    """Whatever depends on services."""

    @property
    def depends_on(self) -> tuple[Dependency, ...]: ...


class Resource(NamedTuple):
    """A network or volume: its name on the engine, and whether it is somebody else's."""

    name: str
    external: bool = False


class Graph(NamedTuple):
    """``known``: services that exist in the files but are not part of it (profiles, selection); no orphans."""

    project: str
    services: dict[str, Node]
    networks: dict[str, Resource]
    volumes: dict[str, Resource]
    known: tuple[str, ...] = ()


def of_project(project: Project, services: tuple[str, ...] = (), *, no_deps: bool = False) -> Graph:
    """The graph of the files, or of the named services and (unless ``no_deps``) what they depend on. UsageError."""
    nodes = {name: node(project.name, name, body) for name, body in project.services.items()}
    chosen = select(nodes, services, no_deps=no_deps)
    return Graph(
        project.name,
        {name: nodes[name] for name in nodes if name in chosen},
        _resources(project.named("networks")),
        _resources(project.named("volumes")),
        tuple([name for name in nodes if name not in chosen] + sorted(project.disabled)),
    )


def of_labels(observed: Observed) -> Graph:
    """The graph that labels tell of, for commands that work without files."""
    nodes = {
        service: Node(
            depends_on=read_label(containers[0].labels.get(labels.DEPENDS_ON, "")),
            image=containers[0].image,
        )
        for service, containers in observed.containers.items()
    }
    return Graph(
        observed.project,
        nodes,
        {
            info.labels.get(labels.NETWORK) or info.name: Resource(info.name)
            for info in observed.networks.values()
            if info.labels.get(labels.PROJECT) == observed.project
        },
        {
            info.labels.get(labels.VOLUME) or info.name: Resource(info.name)
            for info in observed.volumes.values()
            if info.labels.get(labels.PROJECT) == observed.project
        },
    )


def node(project: str, name: str, body: Mapping[str, Any]) -> Node:
    """A service of the canonical tree as a node."""
    return Node(
        depends_on=tuple(
            Dependency(
                service,
                how.get("condition") or "service_started",
                how.get("required", True),
                bool(how.get("restart")),
            )
            for service, how in (body.get("depends_on") or {}).items()
        ),
        networks=tuple(body.get("networks") or ()),
        volumes=tuple(
            mount["source"]
            for mount in body.get("volumes") or ()
            if mount["type"] == "volume" and mount.get("source")
        ),
        image=image_reference(project, name, body),
        built=not body.get("image"),
        scale=scale_of(body),
    )


def image_reference(project: str, name: str, body: Mapping[str, Any]) -> str:
    """The image a service runs: the one named, or the name under which its build is kept."""
    return str(body.get("image") or f"{project}-{name}")


def scale_of(body: Mapping[str, Any]) -> int:
    """How many containers the file asks for."""
    for count in (body.get("scale"), (body.get("deploy") or {}).get("replicas")):
        if count is not None:
            return int(count)
    return 1


def select(
    nodes: Mapping[str, Node], services: tuple[str, ...], *, no_deps: bool = False
) -> frozenset[str]:
    """The named services and what they depend on; all without names. UsageError for an unknown one."""
    for name in services:
        if name not in nodes:
            raise UsageError(f"no such service: {name}")
    if not services:
        return frozenset(nodes)
    return frozenset(services) if no_deps else dependencies(nodes, services)


def dependencies(nodes: Mapping[str, Node], names: Iterable[str]) -> frozenset[str]:
    """The named services and everything they need, near and far."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in found:
            found.add(name)
            waiting += [dependency.service for dependency in nodes[name].depends_on]
    return frozenset(found)


def dependents(nodes: Mapping[str, Node], names: Iterable[str]) -> frozenset[str]:
    """The named services and everything that needs them, near and far."""
    users: dict[str, list[str]] = {}
    for name, node in nodes.items():
        for dependency in node.depends_on:
            users.setdefault(dependency.service, []).append(name)
    found: set[str] = set()
    waiting = [name for name in names if name in nodes]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += users.get(name, [])
    return frozenset(found)


def order(nodes: Mapping[str, Depends]) -> list[str]:
    """Names, each after what it depends on. DependencyError shows the path of a cycle."""
    from graphlib import CycleError, TopologicalSorter

    wanted = {
        name: [each.service for each in node.depends_on if each.service in nodes]
        for name, node in nodes.items()
    }
    try:
        return list(TopologicalSorter(wanted).static_order())
    except CycleError as error:
        # graphlib lists a cycle from what is needed to who needs it; people read it the other way round.
        path = " -> ".join(reversed(error.args[1]))
        raise DependencyError(f"dependency cycle detected: {path}") from None


def write_label(depends_on: Iterable[Dependency]) -> str:
    """The ``depends_on`` label: ``db:service_healthy:false,cache:service_started:true``."""
    return ",".join(
        f"{each.service}:{each.condition}:{'true' if each.restart else 'false'}"
        for each in depends_on
    )


def read_label(text: str) -> tuple[Dependency, ...]:
    """The dependencies that a ``depends_on`` label tells of."""
    found = []
    for word in text.split(","):
        service, _, rest = word.partition(":")
        condition, _, restart = rest.partition(":")
        if service:
            found.append(
                Dependency(service, condition or "service_started", restart=restart == "true")
            )
    return tuple(found)


def _resources(section: Mapping[str, Mapping[str, Any]]) -> dict[str, Resource]:
    return {
        key: Resource(body["name"], bool(body.get("external"))) for key, body in section.items()
    }


def wanted(project: Project, services: tuple[str, ...], *, no_deps: bool) -> frozenset[str]:
    """The named services and what they depend on; all without names. UsageError for an unknown one."""
    if not services:
        return frozenset(project.services)
    nodes = {name: node(project.name, name, body) for name, body in project.services.items()}
    return select(nodes, services, no_deps=no_deps)


def image_references(
    project: Project, services: tuple[str, ...] = (), *, no_deps: bool = False
) -> dict[str, str]:
    """The image of each wanted service, by service. UsageError for an unknown one."""
    chosen = wanted(project, services, no_deps=no_deps)
    return {
        name: image_reference(project.name, name, body)
        for name, body in project.services.items()
        if name in chosen
    }
