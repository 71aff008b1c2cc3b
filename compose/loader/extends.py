"""``extends``: a service merged onto another one, of this file or another (Compose Specification "extends")."""

from __future__ import annotations

import os

from compose.loader import reset
from compose.loader.canonical import canonical
from compose.loader.faults import Fault, meant
from compose.loader.marks import Map
from compose.loader.merge import merge_service
from compose.paths import KeyPath
from compose.walk import deep_copy
from schemas.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    from compose.loader.files import Files

_Trail = tuple[tuple[str, str], ...]
_LONGEST_TRAIL = 400  # services that extend each other in a row


class _Broken(Exception):
    """A service extends one of which is known, and has been said, that it cannot extend another."""


class _Place(NamedTuple):
    """Where services are looked for."""

    services: dict[str, Any]
    file: str
    directory: str
    resets: tuple[KeyPath, ...]  # what the file marks with ``!reset`` and ``!override``


def apply(tree: Map, files: Files, file: str, directory: str, resets: tuple[KeyPath, ...]) -> None:
    """Replace every service that extends another by the merged one, in place; what cannot be is noted."""
    services = tree.get("services")
    if not isinstance(services, dict):
        return
    place = _Place(services, file, directory, resets)
    faults: list[Fault] = []
    spoiled = []
    for name, body in services.items():
        if isinstance(body, dict) and "extends" in body:
            try:
                services[name] = _extended(name, place, files, ())
            except Fault as fault:
                faults.append(fault)
                files.broken.add((file, name))
            except _Broken:
                spoiled.append(name)
    for name in spoiled:
        services[name].pop("extends")
        files.problems.doubt(("services", name))
    files.note(faults, tree)


def _extended(name: str, place: _Place, files: Files, trail: _Trail) -> Any:
    body = place.services.get(name)
    if not isinstance(body, dict) or "extends" not in body:
        return body
    path = ("services", name, "extends")
    wanted, where = _reference(body["extends"], path)
    step = (place.file, name)
    if step in files.broken:
        raise _Broken
    if step in trail:
        steps = " extends ".join(f"{service} in {source}" for source, service in (*trail, step))
        raise Fault(path, f"circular reference: {steps}")
    if len(trail) > _LONGEST_TRAIL:
        raise Fault(path, f"more than {_LONGEST_TRAIL} services extend each other in a row")
    base_place = place if where is None else _from_file(name, where, place, files, path)
    if wanted not in base_place.services:
        text = f'cannot extend service "{name}" in {place.file}: service "{wanted}" not found'
        text = text if where is None else f"{text} in {where}"
        others = [other for other in base_place.services if other != name]
        raise Fault(path, text, hint=meant(wanted, others))
    try:
        base = _extended(wanted, base_place, files, (*trail, step))
    except (Fault, _Broken):
        files.broken.update((step, (base_place.file, wanted)))
        raise
    merged: Any = body
    if base is not None:
        source = deep_copy(base)
        reset.apply({"services": {name: source}}, base_place.resets)
        merged = merge_service(source, body, name)
    merged.pop("extends", None)
    place.services[name] = merged
    return merged


def _reference(extends: Any, path: KeyPath) -> tuple[str, str | None]:
    """(service, file or None) of either form of ``extends``."""
    service, file = extends, None
    if isinstance(extends, dict):
        service, file = extends.get("service"), extends.get("file")
    if not isinstance(service, str):
        raise Fault(path, "must be the name of a service, or a mapping with `service` and `file`")
    if file is not None and not isinstance(file, str):
        raise Fault((*path, "file"), "must be a string")
    return service, file


def _from_file(name: str, where: str, place: _Place, files: Files, path: KeyPath) -> _Place:
    """The services of another file: interpolated, in long form, paths resolved."""
    from compose.loader.remote import fetch, is_remote

    if is_remote(where):
        file = fetch(where, files.environment)
    else:
        file = os.path.normpath(os.path.join(place.directory, files.expand_home(where)))
    if file not in files.bases:
        files.bases[file] = _read(file, files, (*path, "file"))
    tree, resets = files.bases[file]
    services = tree.get("services")
    if not isinstance(services, dict):
        raise Fault(path, f'cannot extend service "{name}" in {file}: no services section')
    return _Place(services, file, os.path.dirname(file), (*place.resets, *resets))


def _read(file: str, files: Files, path: KeyPath) -> tuple[Map, tuple[KeyPath, ...]]:
    from compose.loader.resolve import resolve_paths

    tree, resets = files.plain_file(file, path)
    faults: list[Fault] = []
    unread = _raw_extends(
        tree
    )  # their files are named relative to this one: not to be resolved yet
    canonical(tree, faults, interpolated=files.options.interpolate)
    files.note(faults, tree)
    resolve_paths(tree, files.shown(os.path.dirname(file)), files.home, files.evidence)
    for service, extends in unread.items():
        tree["services"][service]["extends"] = extends
    return tree, resets


def _raw_extends(tree: Map) -> dict[str, Any]:
    services = tree.get("services")
    if not isinstance(services, dict):
        return {}
    return {
        name: deep_copy(body["extends"])
        for name, body in services.items()
        if isinstance(body, dict) and "extends" in body
    }
