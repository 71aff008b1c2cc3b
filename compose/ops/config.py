"""What ``config`` prints of a project: the canonical model, or a part of it."""

from __future__ import annotations

from compose.loader.select import dependency_order, with_services
from compose.project import Project
from schemas.errors import UsageError
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def text(project: Project, what: str, services: tuple[str, ...], *, raw: bool) -> str:
    """The text for ``yaml``, ``json``, ``hash NAMES`` or the flag of a part; nothing for ``quiet``.

    ``raw``: the project is not interpolated, so its dollars stand for themselves. UsageError for unknown services.
    """
    if what == "variables":
        return _lines(_variables(project))
    # As in the reference: the raw model is never narrowed, and of the parts only images are.
    if what in _NARROWED and not (raw and what in _WHOLE):
        narrowed = with_services(project, services)
        project = project if what == "profiles" else narrowed
    if what in ("yaml", "json"):
        return _model(project, what, raw=raw)
    if what == "quiet":
        return ""
    if raw:
        project = _active(project)
    if what.startswith("hash "):
        return _lines(_hashes(project, what.removeprefix("hash ")))
    return _lines(_PARTS[what](project))


_WHOLE = ("yaml", "json", "quiet")
_NARROWED = (*_WHOLE, "images", "profiles")  # where a service that is not there is an error


def _active(project: Project) -> Project:
    """A project that was not interpolated, without the services that profiles switch off and the volumes they alone use."""
    from compose.loader.profiles import split

    active, disabled = split(project.services, project.profiles)
    used = {
        mount.get("source")
        for body in active.values()
        for mount in body.get("volumes") or ()
        if isinstance(mount, dict)
    }
    volumes = {name: body for name, body in project.section("volumes").items() if name in used}
    tree = {**project.tree, "services": active, "volumes": volumes}
    return project._replace(tree=tree, disabled=disabled)


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _model(project: Project, form: str, *, raw: bool) -> str:
    from compose.emit import escape_dollars

    if form == "yaml":
        from compose.emit.goyaml import to_yaml

        model = to_yaml(project.tree)
    else:
        from compose.emit.gojson import in_byte_order, json_form, to_json

        model = to_json((in_byte_order if raw else json_form)(project.tree))
    return model if raw else escape_dollars(model)


def _services(project: Project) -> list[str]:
    return dependency_order(project.services)


def _images(project: Project) -> list[str]:
    return [
        body.get("image") or f"{project.name}-{name}" for name, body in project.services.items()
    ]


def _profiles(project: Project) -> list[str]:
    bodies = [*project.services.values(), *project.disabled.values()]
    return sorted({profile for body in bodies for profile in body.get("profiles") or ()})


def _section(name: str) -> Callable[[Project], list[str]]:
    return lambda project: sorted(project.section(name))


_PARTS: dict[str, Callable[[Project], list[str]]] = {
    "services": _services,
    "volumes": _section("volumes"),
    "networks": _section("networks"),
    "models": _section("models"),
    "profiles": _profiles,
    "images": _images,
}


def _hashes(project: Project, wanted: str) -> list[str]:
    from compose.hashing import service_hash

    names = sorted(project.services) if wanted == "*" else wanted.split(",")
    for name in names:
        if name not in project.services:
            raise UsageError(f"no such service: {name}")
    return [f"{name} {service_hash(project, name)}" for name in names]


def _variables(project: Project) -> list[str]:
    """A table of the variables that a project mentions which was not interpolated."""
    from compose.loader.template import variables

    found: dict[str, tuple[str, str, bool]] = {}

    def visit(value: Any) -> None:
        if isinstance(value, str):
            variables(value, found)
        elif isinstance(value, (dict, list)):
            for item in value.values() if isinstance(value, dict) else value:
                visit(item)

    visit(project.tree)
    rows = [("NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE")]
    for name in sorted(found):
        default, alternate, required = found[name]
        rows.append((name, "true" if required else "false", default, alternate))
    widths = [max(20, *(len(row[column]) + 3 for row in rows)) for column in range(3)]
    return [
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + row[3]
        for row in rows
    ]
