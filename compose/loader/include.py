"""``include``: sub-projects loaded with their own directory and environment, then copied in."""

from __future__ import annotations

import os

from compose.loader.faults import Fault, meant
from compose.loader.marks import Map, position_of
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from compose.loader.evidence import Environment
    from compose.loader.files import Files

_KEYS = ("path", "env_file", "project_directory")
_SECTIONS = ("services", "volumes", "networks", "secrets", "configs", "models")


def apply(tree: Map, files: Files, included: tuple[str, ...]) -> list[Fault]:
    """Load what the tree includes and copy its resources in, in place; what could not be included."""
    entries = tree.get("include")
    if entries is not None and not isinstance(entries, list):
        raise Fault(("include",), "`include` must be a list")
    faults = []
    for index, entry in enumerate(entries or ()):
        path = ("include", index)
        _warn_of_unknown(entry, path, tree, files)
        try:
            imported = _load(entry, path, files, included)
        except Fault as fault:
            faults.append(fault)
        else:
            _copy(imported, tree)
    if not faults:
        tree.pop("include", None)
    return faults


def _warn_of_unknown(entry: Any, path: KeyPath, tree: Map, files: Files) -> None:
    """Keys that the reference passes over."""
    for key in entry if isinstance(entry, dict) else ():
        if key not in _KEYS and not key.startswith("x-"):
            text = f"additional property {key} is ignored"
            fault = Fault((*path, key), text, harmless=True, hint=meant(key, _KEYS))
            files.note([fault], tree)


def _strings(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _load(entry: Any, path: KeyPath, files: Files, included: tuple[str, ...]) -> Map:
    from compose.loader.remote import fetch, is_remote

    if isinstance(entry, str):
        entry = {"path": entry}
    if not isinstance(entry, dict) or not _strings(entry.get("path")):
        raise Fault(path, "include needs a path")
    names = [
        fetch(name, files.environment) if is_remote(name) else _absolute(files, name)
        for name in _strings(entry["path"])
    ]
    given = entry.get("project_directory")
    project = _absolute(files, str(given)) if given else os.path.dirname(names[0])
    if names[0] in included:
        raise Fault(path, f"include cycle detected: {' include '.join((*included, names[0]))}")
    for name in names:
        _exists(name, path, files)
    files.count_include(path)
    environment = _environment(_strings(entry.get("env_file")), project, path, files)
    return files.included(names, project, environment, included)


def _environment(names: list[str], project: str, path: KeyPath, files: Files) -> Environment:
    """The including project's variables, and below them those of the files named or of ``.env``."""
    from compose.loader.sources import read_env_files

    wanted = [(_absolute(files, name), True) for name in names if name != "/dev/null"]
    for file, _ in wanted:
        _exists(file, path, files)
    if not names:
        wanted = [(os.path.join(project, ".env"), False)]
    environment = files.environment.child()
    environment.add(read_env_files(wanted, environment, files.options.cwd, files.warnings))
    return environment


def _exists(file: str, path: KeyPath, files: Files) -> None:
    if not files.evidence.is_file(file):
        reason = "is a directory" if os.path.isdir(file) else "no such file or directory"
        raise Fault(path, f"open {file}: {reason}", missing=True)


def _absolute(files: Files, name: str) -> str:
    return os.path.normpath(os.path.join(files.directory, files.expand_home(name)))


def _copy(imported: Map, tree: Map) -> None:
    for section in _SECTIONS:
        resources = imported.get(section)
        if not isinstance(resources, dict):
            continue
        own = tree.get(section)
        if own is None:
            own = Map()
            tree.put(section, own, position_of(imported, section))
        for name, body in resources.items():
            if name in own:
                if own[name] == body:
                    continue
                raise Fault((section, name), "conflicts with imported resource")
            own[name] = body
            at = position_of(resources, name)
            if at is not None and isinstance(own, Map):
                own.at[name] = at
