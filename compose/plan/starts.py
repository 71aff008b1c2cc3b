"""Last phase of an ``up``, and all of ``start``: containers start when what they depend on is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from compose.graph import Dependency
from compose.plan.actions import RunHooks, RunPreStart, StartContainer, WaitFor
from compose.plan.builder import Builder
from compose.plan.containers import must_start
from compose.translate import hooks
from schemas import labels
from schemas.records import ContainerInfo
from schemas.specs import Port
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from compose.plan.draft import Draft

STARTED = "service_started"
HEALTHY = "service_healthy"


class Start(NamedTuple):
    """A container to start, the steps before it, and why."""

    name: str
    after: tuple[int, ...]
    cause: str


class Unit(NamedTuple):
    """A service: its containers as they will be, what is to be started, and those that stay as they are. ``labels`` are
    those of its containers."""

    depends_on: tuple[Dependency, ...]
    names: tuple[str, ...]
    starts: tuple[Start, ...]
    untouched: tuple[ContainerInfo, ...]
    labels: Mapping[str, str] = {}


def start_units(steps: Builder, units: Mapping[str, Unit]) -> None:
    """Write starts and waits; ``units`` in order of dependency."""
    started: dict[str, list[int]] = {}
    waits: dict[tuple[str, str, bool], int] = {}
    for name, unit in units.items():
        gates: list[int] = []
        for dependency in unit.depends_on:
            other = units.get(dependency.service)
            if other is None or not other.names:
                continue
            before = started[dependency.service]
            if dependency.condition == STARTED:
                gates += before
            elif before or (unit.starts and not _met(dependency.condition, other)):
                key = (dependency.service, dependency.condition, dependency.required)
                if key not in waits:
                    action = WaitFor(
                        dependency.service, other.names, dependency.condition, dependency.required
                    )
                    waits[key] = steps.add(action, f"{name} needs {dependency.condition}", before)
                gates.append(waits[key])
        ready = _pre_start(steps, name, unit, gates)
        started[name] = [
            _start(steps, name, unit, start, ready[start.name]) for start in unit.starts
        ]


def _start(steps: Builder, name: str, unit: Unit, start: Start, after: list[int]) -> int:
    """The step after which a container counts as started."""
    step = steps.add(StartContainer(name, start.name), start.cause, after)
    if hooks.has(hooks.POST_START, unit.labels):
        step = steps.add(RunHooks(name, start.name), "it has post_start hooks", [step])
    return step


def _pre_start(steps: Builder, name: str, unit: Unit, gates: list[int]) -> dict[str, list[int]]:
    """Write the ``pre_start`` hooks of a service in their order; by container, what its start comes after."""
    ready = {start.name: [*start.after, *gates] for start in unit.starts}
    if not unit.starts:
        return ready
    first = unit.starts[0].name
    project = unit.labels.get(labels.PROJECT, "")
    for index, own in enumerate(hooks.per_replica(unit.labels)):
        cause = f"pre_start[{index}] of {name}"
        if not own:
            runner = f"{project}-{name}-{hooks.PRE_START}-{index}"
            before = [id for after in ready.values() for id in after]
            step = steps.add(RunPreStart(name, first, index, runner), cause, before)
            ready = {container: [step] for container in ready}
            continue
        for container, after in ready.items():
            runner = f"{container}-{hooks.PRE_START}-{index}"
            ready[container] = [
                steps.add(RunPreStart(name, container, index, runner), cause, after)
            ]
    return ready


def _met(condition: str, unit: Unit) -> bool:
    """Whether a service that nothing is done to meets a condition already."""
    if condition == HEALTHY:
        return all(info.state == "running" and info.health == "healthy" for info in unit.untouched)
    return all(info.state == "exited" and info.exit_code == 0 for info in unit.untouched)


def state_cause(info: ContainerInfo) -> str:
    """Why a container that exists is started."""
    if info.state == "exited":
        return f"container has exited ({info.exit_code})"
    return "container is being stopped" if info.stopping else f"container is {info.state}"


def start_containers(draft: Draft) -> None:
    """Start everything that is wanted and does not run."""
    start_units(draft.steps, {name: _unit(draft, name) for name in draft.decisions})


def _unit(draft: Draft, name: str) -> Unit:
    decision = draft.decisions[name]
    stops = draft.stopped.get(name, {})
    freed = _ports_freed(draft, decision.wanted.spec.get("ports") or ())
    starts: list[Start] = []
    untouched: list[ContainerInfo] = []
    for kept in decision.keep:
        after = [id for id in (draft.ready.get(kept.name), stops.get(kept.info.name)) if id]
        if kept.info.name in stops:
            starts.append(Start(kept.name, (*after, *freed), "it was stopped for its dependency"))
        elif must_start(kept.info):
            starts.append(Start(kept.name, (*after, *freed), state_cause(kept.info)))
        else:
            untouched.append(kept.info)
    known = {start.name for start in starts} | {kept.name for kept in decision.keep}
    starts += [
        Start(container, (draft.ready[container], *freed), "container is new")
        for container in draft.names[name]
        if container not in known
    ]
    return Unit(
        decision.wanted.depends_on,
        tuple(draft.names[name]),
        tuple(starts),
        tuple(untouched),
        decision.wanted.spec["labels"],
    )


def _ports_freed(draft: Draft, ports: Iterable[Port]) -> list[int]:
    """The steps that free a host port which one of ``ports`` wants."""
    found: list[int] = []
    for port in ports:
        wanted = _numbers(port)
        for (number, protocol), ids in draft.ports.items():
            if protocol == port["protocol"] and wanted(number):
                found += ids
    return found


def _numbers(port: Port) -> Callable[[int], bool]:
    span = port.get("published_range")
    if span:
        return lambda number: span[0] <= number <= span[-1]
    return lambda number: number == port.get("published")
