"""``build``: a string is its context; lists become mappings."""

from __future__ import annotations

from compose.loader.canonical.pairs import key_values
from compose.loader.faults import Fault
from compose.loader.marks import Map, position_of
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def transform(build: Any, path: KeyPath, faults: list[Fault]) -> Any:
    """The long form of a build section."""
    if isinstance(build, str):
        return Map({"context": build})
    if not isinstance(build, dict):
        return build
    if isinstance(build.get("additional_contexts"), list):
        build["additional_contexts"] = key_values(build["additional_contexts"], keep_bare=True)
    for name, where in (build.get("additional_contexts") or {}).items():
        if not isinstance(where, str):
            faults.append(
                Fault((*path, "additional_contexts", name), "must be NAME=CONTEXT, both texts")
            )
    if build.get("ssh") is not None:
        build["ssh"] = _ssh(build["ssh"])
    if isinstance(build.get("secrets"), list):
        mounts(build["secrets"])
    return build


def mounts(items: list[Any]) -> None:
    """Secrets and configs that are granted: a name is ``{source: name}``."""
    for index, item in enumerate(items):
        if isinstance(item, str):
            items[index] = {"source": item}


def _ssh(value: Any) -> Any:
    """``[default, id=path]`` → mapping from id to path, null for the agent itself."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        return items
    result = Map()
    for index, item in enumerate(items):
        text = str(item)
        name, separator, where = text.partition("=")
        if not separator:  # the printed form is ``id: path``
            name, separator, where = text.partition(": ")
        result.put(name, where if separator else None, position_of(items, index))
    return result
