"""Which containers a reading verb is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from schemas import labels
from schemas.errors import NotFound, UsageError
from schemas.records import ContainerInfo

if TYPE_CHECKING:
    from schemas.engine import Engine

ALIVE = ("running", "paused", "restarting")


def project_containers(
    engine: Engine,
    project: str,
    *,
    services: Iterable[str] = (),
    all: bool = True,
    one_offs: bool = False,
) -> list[ContainerInfo]:
    """The project's containers by service and number; those of ``run`` only when asked for."""
    wanted = frozenset(services)
    found = [
        info
        for info in engine.containers(labels={labels.PROJECT: project}, all=all)
        if (one_offs or not is_one_off(info))
        and (not wanted or info.labels.get(labels.SERVICE) in wanted)
    ]
    return sorted(found, key=order)


def order(info: ContainerInfo) -> tuple[str, bool, int, str]:
    """Sort key: service, ordinary before one-off, number, name."""
    return (info.labels.get(labels.SERVICE, ""), is_one_off(info), number(info), info.name)


def number(info: ContainerInfo) -> int:
    """The replica number; 0 when there is none."""
    text = info.labels.get(labels.NUMBER, "")
    return int(text) if text.isdigit() else 0


def is_one_off(info: ContainerInfo) -> bool:
    """Whether ``run`` made the container."""
    return info.labels.get(labels.ONEOFF) == "True"


def short_name(info: ContainerInfo) -> str:
    """The name in front of log lines: without the project, unless the container was named by hand."""
    project = info.labels.get(labels.PROJECT, "")
    tail = f"{info.labels.get(labels.SERVICE, '')}-{info.labels.get(labels.NUMBER, '')}"
    for separator in "-_":  # "_" between all parts is the compatibility mode
        if (
            info.name
            == f"{project}{separator}{tail.replace('-', separator) if separator == '_' else tail}"
        ):
            return info.name[len(project) + 1 :]
    return info.name


def running_container(engine: Engine, project: str, service: str, index: int = 0) -> ContainerInfo:
    """A running container of the service: number ``index``, or the first. NotFound in the words of Docker Compose."""
    found = project_containers(engine, project, services=[service], all=False, one_offs=True)
    if index:
        found = [info for info in found if number(info) == index and not is_one_off(info)]
    if found:
        return min(found, key=order)
    suffix = f" container #{index}" if index else ""
    raise NotFound(f'service "{service}" is not running{suffix}')


def one_container(engine: Engine, project: str, service: str, index: int = 0) -> ContainerInfo:
    """A container of the service, running or not: number ``index``, or the first. NotFound."""
    found = project_containers(engine, project, services=[service], all=True, one_offs=not index)
    if index:
        found = [info for info in found if number(info) == index]
    if not found:
        suffix = f" container #{index}" if index else ""
        raise NotFound(f'no container found for service "{service}"{suffix}')
    return min(found, key=lambda info: (is_one_off(info), order(info)))


def check_services(names: Iterable[str], *known: Iterable[str]) -> None:
    """UsageError for a name that is no service of the project."""
    there = {name for group in known for name in group}
    for name in names:
        if name not in there:
            raise UsageError(f"no such service: {name}")


def newest_first(containers: list[ContainerInfo]) -> list[ContainerInfo]:
    """In the order in which Docker lists containers."""
    return sorted(containers, key=lambda info: (-info.created, info.name))
