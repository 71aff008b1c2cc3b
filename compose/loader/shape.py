"""Canonical tree → the printed model: attributes in order, empty ones left out, values in their final type.

The result is what ``config`` prints, as plain data; order and kinds come from ``shape_tables``, values from ``shape_values``.
"""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.order import yaml_sorted
from compose.loader.shape_tables import CLOSED, SECTIONS, STRUCTURES
from compose.loader.shape_values import CONVERTERS, plain, text
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from compose.loader.shape_values import Convert


class _Field:
    """One attribute: its place, how it is converted, whether its zero is printed, and what an absent one counts as.

    ``verbatim``: a text is printed as it is, unless it is empty.
    """

    __slots__ = ("convert", "default", "keep", "place", "verbatim")

    def __init__(self, place: int, convert: Convert, keep: bool, default: Any = None) -> None:
        self.place = place
        self.convert = convert
        self.keep = keep
        self.verbatim = convert is text and not keep
        self.default = default


_COMPILED: dict[str, dict[str, _Field]] = {}
_ORDERS: dict[tuple[str, tuple[str, ...]], list[tuple[str, _Field]]] = {}


def _fields(structure: str) -> dict[str, _Field]:
    found = _COMPILED.get(structure)
    if found is None:
        found = _COMPILED[structure] = {}
        for place, item in enumerate(STRUCTURES[structure].split()):
            name, _, kind = item.partition(":")
            found[name] = _field(place, kind)
    return found


def _ordered(structure: str, keys: tuple[str, ...]) -> list[tuple[str, _Field]]:
    """The attributes among some keys, as they are printed; resources of a kind mostly have the same keys."""
    found = _ORDERS.get((structure, keys))
    if found is None:
        fields = _fields(structure)
        names = {key for key in keys if key in fields}
        names.update(name for name, field in fields.items() if field.default is not None)
        found = _ORDERS[structure, keys] = sorted(
            ((name, fields[name]) for name in names), key=lambda item: item[1].place
        )
    return found


def _field(place: int, kind: str) -> _Field:
    if kind[0] == "{":
        name = kind[1 : kind.index("}")]
        return _Field(
            place, lambda value, path, faults: struct(name, value, path, faults), kind[-1] != "-"
        )
    if kind[0] == "[":
        name = kind[1:-1]
        return _Field(place, lambda value, path, faults: _structs(name, value, path, faults), False)
    if kind[0] == "<":
        name, nullable = kind[1 : kind.index(">")], kind[-1] == "?"
        return _Field(
            place,
            lambda value, path, faults: _mapping_of(name, nullable, value, path, faults),
            False,
        )
    keep = kind[-1] in "!0" or kind[0] == "d"
    return _Field(place, CONVERTERS[kind[0]], keep, 0 if kind[-1] == "0" else None)


def model(tree: dict[str, Any], services: dict[str, Any], faults: list[Fault]) -> dict[str, Any]:
    """The whole project in printed form; ``services`` are the active ones."""
    result: dict[str, Any] = {"name": tree.get("name", "")}
    for section, structure in SECTIONS.items():
        resources = services if section == "services" else tree.get(section)
        if not resources and section != "services":
            continue
        result[section] = resource_section(section, structure, resources or {}, faults)
    for key in yaml_sorted(key for key in tree if key.startswith("x-")):
        result[key] = plain(tree[key])
    return result


def resource_section(
    section: str, structure: str, resources: Any, faults: list[Fault]
) -> dict[str, Any]:
    """Resources of one kind by name, sorted."""
    return {
        name: struct(structure, resources[name] or {}, (section, name), faults)
        for name in yaml_sorted(resources)
    }


def struct(structure: str, value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    """One structure: known attributes in order, then its extensions."""
    if value is None:
        return None
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping"))
        return None
    result: dict[str, Any] = {}
    fields = _ordered(structure, tuple(value))
    for name, field in fields:
        raw = value.get(name, field.default)
        if raw is None:
            continue
        if field.verbatim and type(raw) is str:
            if raw:
                result[name] = raw
            continue
        converted = field.convert(raw, (*path, name), faults)
        if converted is not None and (converted or field.keep):
            result[name] = converted
    if structure not in CLOSED and len(fields) != len(value):
        for key in yaml_sorted(key for key in value if key.startswith("x-")):
            result[key] = plain(value[key])
    return result


def _structs(structure: str, value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, list):
        faults.append(Fault(path, "must be a list"))
        return None
    return [
        struct(structure, item, (*path, index), faults) if isinstance(item, dict) else item
        for index, item in enumerate(value)
    ]


def _mapping_of(
    structure: str, nullable: bool, value: Any, path: KeyPath, faults: list[Fault]
) -> Any:
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping"))
        return None
    result = {}
    for key in yaml_sorted(value):
        item = value[key]
        result[key] = (
            None
            if item is None and nullable
            else struct(structure, item or {}, (*path, key), faults)
        )
    return result
