"""``scale``, ``stop``, ``start``, ``restart``, ``rollback`` and ``down`` on an engine that schedules by itself: they need no
files, only what exists. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compose.cluster import Observed
from compose.graph import Dependency, order, read_label
from compose.plan.actions import Plan, RemoveNetwork
from compose.plan.builder import Builder
from compose.plan.fields import differences
from compose.plan.service_actions import (
    RemoveService,
    RemoveStored,
    RollBackService,
    UpdateService,
    WaitForService,
)
from compose.plan.services import StackPlan
from compose.stack import KINDS
from schemas import labels
from schemas.errors import Conflict, NotFound, UsageError
from schemas.services import ServiceInfo, ServiceSpec
from schemas.typed import NamedTuple


def scaled_plan(
    observed: Observed,
    replicas: Mapping[str, int],
    cause: str,
    marks: Mapping[str, Mapping[str, str | None]] = {},
) -> StackPlan:
    """Another number of tasks for services that exist, and nothing else. ``marks``: labels to be set, or (None) taken away.
    NotFound, UsageError for one that is not replicated."""
    steps, changes = Builder(), {}
    for name, count in replicas.items():
        info = _found(observed, name)
        if info.spec["mode"] != "replicated":
            raise UsageError(f"service {name} is {info.spec['mode']}: it has no number of tasks")
        spec: ServiceSpec = {**info.spec, "replicas": count}
        own = {**info.labels, **marks.get(name, {})}
        spec["labels"] = {key: value for key, value in own.items() if value is not None}
        if spec == info.spec:
            continue
        id = steps.add(UpdateService(name, spec), cause)
        changes[id] = differences(info.spec, spec)
        steps.add(WaitForService(name, info.name), f"service {name} was changed", [id])
    return StackPlan(steps.plan(), changes)


def restart_plan(observed: Observed, services: Iterable[str]) -> Plan:
    """Every task of the services made anew, as their update_config says. NotFound."""
    steps = Builder()
    for name in services:
        info = _found(observed, name)
        spec: ServiceSpec = {**info.spec, "force_update": info.spec.get("force_update", 0) + 1}
        id = steps.add(UpdateService(name, spec), "restart is asked for")
        steps.add(WaitForService(name, info.name), f"service {name} was changed", [id])
    return steps.plan()


def rollback_plan(observed: Observed, services: Iterable[str]) -> StackPlan:
    """Services back to the specs that they had before. NotFound, Conflict for one that was never changed."""
    steps, changes = Builder(), {}
    for name in services:
        info = _found(observed, name)
        if info.previous is None:
            raise Conflict(f"service {name} has no spec to go back to: it was never changed")
        id = steps.add(RollBackService(name, info.name), "going back is asked for")
        changes[id] = differences(info.spec, info.previous)
        wait = WaitForService(name, info.name, rolled_back=True)
        steps.add(wait, f"service {name} was changed", [id])
    return StackPlan(steps.plan(), changes)


def down_plan(observed: Observed, services: tuple[str, ...] = ()) -> Plan:
    """Remove the named services (all without names; then networks, secrets and configs too), dependents first."""
    for name in services:
        _found(observed, name)
    chosen = {name: observed.services[name] for name in services} or observed.services
    steps = Builder()
    removals: dict[str, int] = {}
    depends = {
        name: _Depends(read_label(info.labels.get(labels.DEPENDS_ON, "")))
        for name, info in chosen.items()
    }
    users: dict[str, list[str]] = {}
    for name, node in depends.items():
        for dependency in node.depends_on:
            users.setdefault(dependency.service, []).append(name)
    for name in reversed(order(depends)):
        info = chosen[name]
        after = [removals[user] for user in users.get(name, ()) if user in removals]
        removals[name] = steps.add(
            RemoveService(name, info.name, info.id), "service is taken down", after
        )
    if services:
        return steps.plan()
    last = list(removals.values())
    for kind in KINDS:
        for stored in observed.stored[kind]:
            steps.add(RemoveStored(kind, stored), "project is taken down", last)
    for network in observed.networks:
        steps.add(RemoveNetwork(network), "project is taken down", last)
    return steps.plan()


class _Depends(NamedTuple):
    depends_on: tuple[Dependency, ...]


def _found(observed: Observed, name: str) -> ServiceInfo:
    found = observed.services.get(name)
    if found is None:
        raise NotFound(f"no such service on the Swarm: {name}")
    return found
