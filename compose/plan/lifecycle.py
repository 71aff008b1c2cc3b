"""``start``, ``stop``, ``restart``, ``rm`` and ``down``: they need no specs, only who depends on whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compose.graph import Graph, Node, Resource, dependents, order, select
from compose.observed import Observed
from compose.ops.selection import ALIVE
from compose.plan.actions import (
    Plan,
    RemoveContainer,
    RemoveImage,
    RemoveNetwork,
    RemoveVolume,
    RestartContainer,
    StopContainer,
)
from compose.plan.builder import Builder
from compose.plan.options import (
    DownOptions,
    RemoveOptions,
    RestartOptions,
    StartOptions,
    StopOptions,
)
from compose.plan.starts import Start, Unit, start_units, state_cause
from schemas import labels
from schemas.errors import UsageError
from schemas.records import ContainerInfo


def start_plan(graph: Graph, observed: Observed, options: StartOptions) -> Plan:
    """Start what does not run of the named services and their dependencies. UsageError for one without a container."""
    chosen = select(graph.services, options.services)
    units: dict[str, Unit] = {}
    for name in order(graph.services):
        if name not in chosen:
            continue
        node, found = graph.services[name], observed.containers.get(name, ())
        if not found and node.scale:
            raise UsageError(f'service "{name}" has no container to start')
        untouched = tuple(info for info in found if info.state in ALIVE and not info.stopping)
        starts = tuple(
            Start(info.name, (), state_cause(info)) for info in found if info not in untouched
        )
        names = tuple(info.name for info in found)
        known = found[0].labels if found else {}
        units[name] = Unit(node.depends_on, names, starts, untouched, known)
    steps = Builder()
    start_units(steps, units)
    return steps.plan()


def stop_plan(graph: Graph, observed: Observed, options: StopOptions) -> Plan:
    """Stop what runs of the named services (all without names), dependents first. UsageError for an unknown service."""
    chosen = select(graph.services, options.services, no_deps=True)
    steps = Builder()
    _stop(steps, graph, observed, chosen, options.timeout)
    return steps.plan()


def restart_plan(graph: Graph, observed: Observed, options: RestartOptions) -> Plan:
    """Restart the named services and those that say ``restart: true`` of them, each after what it depends on."""
    chosen = select(graph.services, options.services, no_deps=True)
    restarting = {
        name: node._replace(depends_on=tuple(each for each in node.depends_on if each.restart))
        for name, node in graph.services.items()
    }
    followers = chosen if options.no_deps else dependents(restarting, chosen)
    steps = Builder()
    done: dict[str, list[int]] = {}
    for name in order(restarting):
        if name not in followers:
            continue
        needed = [each.service for each in restarting[name].depends_on if each.service in done]
        cause = f"{needed[0]} restarts" if name not in chosen and needed else "restart is asked for"
        after = [id for other in needed for id in done[other]]
        done[name] = [
            steps.add(RestartContainer(name, info.name, options.timeout), cause, after)
            for info in observed.containers.get(name, ())
        ]
    return steps.plan()


def remove_plan(graph: Graph, observed: Observed, options: RemoveOptions) -> Plan:
    """Remove the containers that do not run; with ``stop`` all, stopped first. UsageError for an unknown service."""
    chosen = select(graph.services, options.services, no_deps=True)
    steps = Builder()
    stops = _stop(steps, graph, observed, chosen, None) if options.stop else {}
    for name in chosen_order(graph, chosen):
        for info in observed.containers.get(name, ()):
            if info.id in stops:
                after, cause = [stops[info.id]], "removal is asked for"
                _remove(steps, name, info, cause, after, options.volumes)
            elif info.state not in ALIVE:
                cause = state_cause(info)
                _remove(steps, name, info, cause, [], options.volumes, force=False)
    return steps.plan()


def down_plan(graph: Graph, observed: Observed, options: DownOptions) -> Plan:
    """Remove the named services and their dependents (all without names), then networks and what else is asked for.

    Services that are known but off are left alone; containers of unknown ones go with ``remove_orphans``.
    """
    chosen = (
        dependents(graph.services, [name for name in options.services if name in graph.services])
        if options.services
        else frozenset(graph.services)
    )
    steps = Builder()
    stops = _stop(steps, graph, observed, chosen, options.timeout, "service is taken down")
    last: list[int] = []
    for name in chosen_order(graph, chosen):
        for info in observed.containers.get(name, ()):
            after = [stops[info.id]] if info.id in stops else []
            cause = "service is taken down"
            last.append(_remove(steps, name, info, cause, after, options.volumes))
    last += _hook_runners(steps, observed, chosen)
    if options.remove_orphans:
        last += _orphans(steps, graph, observed, options)
    for network in _own_networks(graph, observed, options):
        steps.add(RemoveNetwork(network), "project is taken down", last)
    if options.images:
        for reference in _images(graph, chosen, local=options.images == "local"):
            steps.add(RemoveImage(reference), f"--rmi {options.images} is asked for", last)
    if options.volumes:
        for volume in _own(_unused_volumes(graph, chosen), observed.volumes, observed.project):
            steps.add(RemoveVolume(volume), "--volumes is asked for", last)
    return steps.plan()


def chosen_order(graph: Graph, chosen: frozenset[str]) -> list[str]:
    """The chosen services, dependents first."""
    return [name for name in reversed(order(graph.services)) if name in chosen]


def _stop(
    steps: Builder,
    graph: Graph,
    observed: Observed,
    chosen: frozenset[str],
    timeout: float | None,
    cause: str = "stop is asked for",
) -> dict[str, int]:
    """Stop what runs of the chosen services, each after those that depend on it; the stops by container id."""
    users = _users(graph.services)
    stops: dict[str, int] = {}
    by_service: dict[str, list[int]] = {}
    for name in chosen_order(graph, chosen):
        # A dependent without a running container passes on what it would have waited for.
        before = sorted({id for user in users.get(name, ()) for id in by_service.get(user, ())})
        mine = []
        for info in observed.containers.get(name, ()):
            if info.state in ALIVE:
                stops[info.id] = steps.add(StopContainer(name, info.name, timeout), cause, before)
                mine.append(stops[info.id])
        by_service[name] = mine or before
    return stops


def _users(services: Mapping[str, Node]) -> dict[str, list[str]]:
    users: dict[str, list[str]] = {}
    for name, node in services.items():
        for dependency in node.depends_on:
            users.setdefault(dependency.service, []).append(name)
    return users


def _remove(
    steps: Builder,
    service: str,
    info: ContainerInfo,
    cause: str,
    after: Iterable[int],
    volumes: bool,
    *,
    force: bool = True,
) -> int:
    """By force unless only what does not run is meant: somebody else may start it meanwhile."""
    return steps.add(RemoveContainer(service, info.name, volumes, force), cause, after)


def _hook_runners(steps: Builder, observed: Observed, chosen: frozenset[str]) -> list[int]:
    """Containers of hooks that a killed command left."""
    return [
        steps.add(
            RemoveContainer(info.labels.get(labels.SERVICE, ""), info.name, True, force=True),
            f"its {info.labels[labels.HOOK]} hook was interrupted",
        )
        for info in observed.one_offs
        if labels.HOOK in info.labels and info.labels.get(labels.SERVICE, "") in chosen
    ]


def _orphans(steps: Builder, graph: Graph, observed: Observed, options: DownOptions) -> list[int]:
    known = {*graph.services, *graph.known}
    orphans = [
        info
        for service, found in observed.containers.items()
        if service not in known
        for info in found
    ]
    removed = []
    one_offs = [info for info in observed.one_offs if labels.HOOK not in info.labels]
    for info in (*orphans, *one_offs):
        service = info.labels.get(labels.SERVICE, "")
        one_off = info.labels.get(labels.ONEOFF) == "True"
        cause = "it is a one-off container" if one_off else f"service {service} is not in the files"
        after = []
        if info.state in ALIVE:
            action = StopContainer(service, info.name, options.timeout)
            after = [steps.add(action, cause)]
        removed.append(_remove(steps, service, info, cause, after, options.volumes))
    return removed


def _own_networks(graph: Graph, observed: Observed, options: DownOptions) -> list[str]:
    """The project's networks; those that the files no longer have, too, unless only some services go."""
    if options.services:
        return _own(graph.networks, observed.networks, observed.project)
    external = {network.name for network in graph.networks.values() if network.external}
    return [
        name
        for name, info in observed.networks.items()
        if info.labels.get(labels.PROJECT) == observed.project and name not in external
    ]


def _unused_volumes(graph: Graph, chosen: frozenset[str]) -> dict[str, Resource]:
    """The volumes that no remaining service mounts."""
    used = {
        key for name, node in graph.services.items() if name not in chosen for key in node.volumes
    }
    return {key: volume for key, volume in graph.volumes.items() if key not in used}


def _own(resources: Mapping[str, Resource], found: Mapping[str, object], project: str) -> list[str]:
    """Names of what is declared, not external, there, and made for this project."""
    names = []
    for resource in resources.values():
        info = found.get(resource.name)
        owner = getattr(info, "labels", {}).get(labels.PROJECT)
        if info is not None and not resource.external and owner == project:
            names.append(resource.name)
    return names


def _images(graph: Graph, chosen: frozenset[str], *, local: bool) -> list[str]:
    found = [
        node.image
        for name, node in graph.services.items()
        if name in chosen and node.image and (node.built or not local)
    ]
    return list(dict.fromkeys(found))
