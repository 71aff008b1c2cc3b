"""A project without the services that other programs provide, and with what these give to the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.graph import node, order, select
from compose.ops import providers
from compose.ops.faults import Fault, Where, refuse
from compose.ops.providers import Provider, Report, Variables
from compose.project import Project
from schemas.typed import NamedTuple


class Parted(NamedTuple):
    """``providers`` in the order of their dependencies; ``services`` are the names asked for, without theirs, and None
    when nothing else was asked for."""

    project: Project
    providers: tuple[Provider, ...]
    services: tuple[str, ...] | None


def part(
    project: Project, services: tuple[str, ...], where: Where, *, no_deps: bool = False
) -> Parted:
    """Take the services of other programs out. PycomposeError for a program that is not there, or that would have to wait
    for a container."""
    nodes = {name: node(project.name, name, body) for name, body in project.services.items()}
    chosen = select(nodes, services, no_deps=no_deps)
    others = {name for name, body in project.services.items() if body.get("provider")}
    found: list[Provider] = []
    faults: list[Fault] = []
    for name in order(nodes):
        if name not in others or name not in chosen:
            continue
        body = project.services[name]
        for dependency in body.get("depends_on") or {}:
            if dependency not in others:
                reason = (
                    f"a provider is run before containers are made: it cannot wait for {dependency}"
                )
                faults.append(Fault(("services", name, "depends_on", dependency), reason))
        try:
            found.append(providers.find(name, body, project.environment))
        except providers.Misnamed as error:
            faults.append(Fault(error.path, error.message))
    refuse(faults, where)
    rest = {
        name: _without(body, others)
        for name, body in project.services.items()
        if name not in others
    }
    known = {name: project.services[name] for name in others}
    parted = project._replace(
        tree={**project.tree, "services": rest}, disabled={**project.disabled, **known}
    )
    own = tuple(name for name in services if name not in others)
    return Parted(parted, tuple(found), own if own or not services else None)


def bring_up(project: Project, parted: Parted, report: Report, warnings: list[str]) -> Project:
    """Run the providers; the project with their variables in the services that depend on them. Failed."""
    services = {name: dict(body) for name, body in parted.project.services.items()}
    for provider in parted.providers:
        given = providers.run(provider, project.name, "up", project.environment, report)
        for name, body in services.items():
            if provider.service in (project.services[name].get("depends_on") or {}):
                body["environment"] = _with(body, name, provider.service, given, warnings)
    return parted.project._replace(tree={**parted.project.tree, "services": services})


def _without(body: Mapping[str, Any], others: set[str]) -> dict[str, Any]:
    needed = body.get("depends_on") or {}
    if not others.intersection(needed):
        return dict(body)
    left = {name: how for name, how in needed.items() if name not in others}
    return {**body, "depends_on": left}


def _with(
    body: Mapping[str, Any], name: str, provider: str, given: Variables, warnings: list[str]
) -> dict[str, Any]:
    found = dict(body.get("environment") or {})
    for key, value in given.prefixed.items():
        found[f"{provider.upper()}_{key}"] = value
    for key, value in given.raw.items():
        if key in found and found[key] != value:
            warnings.append(
                f'provider "{provider}" overrides environment variable "{key}" in service "{name}"'
            )
        found[key] = value
    return found
