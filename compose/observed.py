"""What exists: a project's containers, networks and volumes, from one listing of each kind."""

from __future__ import annotations

from collections.abc import Mapping

from compose.ops.selection import is_one_off, number
from schemas import labels
from schemas.engine import Engine
from schemas.errors import NotFound
from schemas.records import ContainerInfo, NetworkInfo, VolumeInfo
from schemas.typed import NamedTuple, Protocol


class Observed(NamedTuple):
    """Containers by service, each service's by number; networks and volumes by name."""

    project: str
    containers: dict[str, tuple[ContainerInfo, ...]]
    one_offs: tuple[ContainerInfo, ...] = ()
    networks: dict[str, NetworkInfo] = {}
    volumes: dict[str, VolumeInfo] = {}


class Named(Protocol):
    """Anything with a name on the engine."""

    @property
    def name(self) -> str: ...


class Wanted(Protocol):
    """Whoever knows which networks and volumes matter: ``Desired`` or ``Graph``."""

    @property
    def networks(self) -> Mapping[str, Named]: ...
    @property
    def volumes(self) -> Mapping[str, Named]: ...


def observe(engine: Engine, project: str, wanted: Wanted | None = None) -> Observed:
    """List what carries the project's label; what is ``wanted`` and does not is looked up by name. EngineError."""
    mine = {labels.PROJECT: project}
    networks = {info.name: info for info in engine.networks(labels=mine)}
    volumes = {info.name: info for info in engine.volumes(labels=mine)}
    if wanted is not None:
        for network in wanted.networks.values():
            if network.name not in networks:
                try:
                    networks[network.name] = engine.network(network.name)
                except NotFound:
                    continue
        for volume in wanted.volumes.values():
            if volume.name not in volumes:
                try:
                    volumes[volume.name] = engine.volume(volume.name)
                except NotFound:
                    continue
    return arrange(project, engine.containers(labels=mine, all=True), networks, volumes)


def arrange(
    project: str,
    containers: list[ContainerInfo],
    networks: dict[str, NetworkInfo],
    volumes: dict[str, VolumeInfo],
) -> Observed:
    """The listings in the form that the planner reads."""
    services: dict[str, list[ContainerInfo]] = {}
    one_offs = []
    for info in containers:
        if is_one_off(info):
            one_offs.append(info)
        else:
            services.setdefault(info.labels.get(labels.SERVICE, ""), []).append(info)
    return Observed(
        project,
        {
            service: tuple(sorted(found, key=lambda info: (number(info), info.created)))
            for service, found in sorted(services.items())
        },
        tuple(one_offs),
        networks,
        volumes,
    )
