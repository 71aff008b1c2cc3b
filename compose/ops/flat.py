"""Plans whose steps need no order: the same thing for each of some containers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from compose.observed import Observed
from compose.ops.selection import ALIVE, is_one_off, order
from compose.plan.actions import Action, KillContainer, PauseContainer, Plan, Step, UnpauseContainer
from schemas import labels
from schemas.records import ContainerInfo


def kill_plan(
    observed: Observed, services: Iterable[str], signal: str, *, known: Iterable[str] | None = None
) -> Plan:
    """A signal for every running container, one-offs too. ``known``: leave out those of other services."""
    containers = _running(observed, services, known, one_offs=True)
    return _each(
        containers, lambda info: KillContainer(_service(info), info.name, signal), f"send {signal}"
    )


def pause_plan(
    observed: Observed, services: Iterable[str], *, known: Iterable[str] | None = None
) -> Plan:
    """Every running container freezes, except (``known``) those of other services."""
    containers = _running(observed, services, known)
    return _each(containers, lambda info: PauseContainer(_service(info), info.name), "asked for")


def unpause_plan(
    observed: Observed, services: Iterable[str], *, known: Iterable[str] | None = None
) -> Plan:
    """Every running container of these goes on; one that is not paused is the engine's Conflict."""
    containers = _running(observed, services, known)
    return _each(containers, lambda info: UnpauseContainer(_service(info), info.name), "asked for")


def _each(
    containers: list[ContainerInfo], make: Callable[[ContainerInfo], Action], cause: str
) -> Plan:
    return Plan(tuple(Step(id, make(info), (), cause) for id, info in enumerate(containers, 1)))


def _running(
    observed: Observed,
    services: Iterable[str],
    known: Iterable[str] | None,
    *,
    one_offs: bool = False,
) -> list[ContainerInfo]:
    wanted = frozenset(services)
    allowed = None if known is None else frozenset(known)
    found = [
        info
        for group in (*observed.containers.values(), observed.one_offs)
        for info in group
        if info.state in ALIVE
        and (one_offs or not is_one_off(info))
        and (not wanted or _service(info) in wanted)
        and (allowed is None or _service(info) in allowed)
    ]
    return sorted(found, key=order)


def _service(info: ContainerInfo) -> str:
    return info.labels.get(labels.SERVICE, "")
