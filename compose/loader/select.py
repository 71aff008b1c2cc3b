"""Some services of a project: those named and what they need."""

from __future__ import annotations

from compose.project import Project
from schemas.errors import UsageError
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def with_services(project: Project, names: tuple[str, ...]) -> Project:
    """The project narrowed to the named services and all they depend on; networks, volumes and so on stay."""
    if not names:
        return project
    services = project.services
    kept: dict[str, Any] = {}
    waiting = list(names)
    for name in names:
        if name not in services:
            raise UsageError(f"no such service: {name}")
    while waiting:
        name = waiting.pop()
        if name in kept or name not in services:
            continue
        kept[name] = services[name]
        waiting.extend(services[name].get("depends_on") or ())
    narrowed = {name: _without_absent(kept[name], kept) for name in services if name in kept}
    return project._replace(tree={**project.tree, "services": narrowed})


def _without_absent(body: dict[str, Any], services: dict[str, Any]) -> dict[str, Any]:
    """A service without the optional dependencies that are switched off."""
    wanted = body.get("depends_on")
    if not wanted or all(name in services for name in wanted):
        return body
    present = {name: how for name, how in wanted.items() if name in services}
    rest = {key: value for key, value in body.items() if key != "depends_on" or present}
    return {**rest, "depends_on": present} if present else rest


def dependency_order(services: dict[str, Any]) -> list[str]:
    """Names in alphabetical order, but each after what it depends on, as the reference goes through services."""
    ordered: list[str] = []
    met: set[str] = set()
    waiting = [(name, False) for name in sorted(services, reverse=True)]
    while waiting:
        name, complete = waiting.pop()
        if complete:
            ordered.append(name)
        elif name not in met and name in services:
            met.add(name)
            waiting.append((name, True))
            needed = services[name].get("depends_on") or ()
            waiting += [(other, False) for other in sorted(needed, reverse=True)]
    return ordered
