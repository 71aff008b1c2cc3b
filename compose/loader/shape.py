"""Canonical tree → the printed model: attributes in order, empty ones left out, values in their final type.

The result is what ``config`` prints, as plain data; the order and kinds come from ``shape_tables``.
"""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.order import yaml_sorted
from compose.loader.scalars import Timestamp
from compose.loader.shape_tables import CLOSED, SECTIONS, STRUCTURES
from compose.paths import KeyPath
from compose.text import (
    MAX_INTEGER,
    duration_text,
    go_value,
    parse_bytes,
    parse_duration,
    parse_float,
)
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _Convert = Callable[[Any, KeyPath, list[Fault]], Any]


class _Field:
    """One attribute: its place, how it is converted, whether its zero is printed, and what an absent one counts as.

    ``verbatim``: a text is printed as it is, unless it is empty.
    """

    __slots__ = ("convert", "default", "keep", "place", "verbatim")

    def __init__(self, place: int, convert: _Convert, keep: bool, default: Any = None) -> None:
        self.place = place
        self.convert = convert
        self.keep = keep
        self.verbatim = convert is _text and not keep
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
    return _Field(place, _CONVERTERS[kind[0]], keep, 0 if kind[-1] == "0" else None)


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


def plain(value: Any) -> Any:
    """Any value as plain data, keys sorted."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in yaml_sorted(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return Timestamp(value.written, value.written) if type(value) is Timestamp else value


def _text(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if type(value) is str:
        return value
    if type(value) is Timestamp:
        faults.append(Fault(path, f"must be a string, not a date: write it in quotes ({value})"))
    return go_value(value)


def _integer(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value == value and abs(value) < 1e18:
        number = int(value)
    elif isinstance(value, str):
        digits = value.removeprefix("-").removeprefix("+")
        if digits.isascii() and digits.isdigit() and len(digits) < 20:
            number = int(value)
        elif "$" in value:
            return value  # not interpolated
    if number is not None:
        if -(2**63) <= number < 2**63:
            return number
        faults.append(Fault(path, f"{number} is out of range"))
        return None
    faults.append(Fault(path, f"must be an integer, not {go_value(value)!r}"))
    return None


def _float(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        try:
            return parse_float(value)
        except ValueError:
            if "$" in value:
                return value
    faults.append(Fault(path, f"must be a number, not {go_value(value)!r}"))
    return None


def _single(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    """A number of 32 bits: the nearest one with the fewest digits."""
    number = _float(value, path, faults)
    if not isinstance(number, float) or (number == int(number) and abs(number) < 1 << 24):
        return number
    from struct import pack, unpack

    if abs(number) > 3e38:
        faults.append(Fault(path, f"value out of range: {number}"))
        return None
    single = unpack("f", pack("f", number))[0]
    return next(
        (
            short
            for digits in range(1, 10)
            if unpack("f", pack("f", short := float(f"{single:.{digits}g}")))[0] == single
        ),
        number,
    )


_DURATIONS: dict[str, str] = {}  # projects use few, often


def _positive_duration(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    text = _duration(value, path, faults)
    return None if text == "0s" else text


def _flag(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        lowered = value.lower()
        if lowered in ("true", "y", "yes", "on"):
            return True
        if lowered in ("false", "n", "no", "off"):
            return False
        if "$" in value:
            return value
    faults.append(Fault(path, f"must be a boolean, not {go_value(value)!r}"))
    return None


def _duration(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    text = go_value(value)
    known = _DURATIONS.get(text)
    if known is not None:
        return known
    try:
        _DURATIONS[text] = known = duration_text(parse_duration(text))
        return known
    except ValueError as error:
        if isinstance(value, str) and "$" in value:
            return value
        faults.append(Fault(path, str(error)))
        return None


def _bytes(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if type(value) is int and value <= MAX_INTEGER:
        return str(value) if value else None
    if isinstance(value, (int, float)):
        text = f"{go_value(value)} is no size and is left out: write a whole number of bytes, or a unit"
        faults.append(Fault(path, text, harmless=True))
        return None
    try:
        size = _size(value)
        if abs(size) > MAX_INTEGER:
            raise ValueError(f"value out of range: {go_value(value)}")
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(value, str) and "$" in value:
            return value
        faults.append(Fault(path, str(error)))
        return None
    return str(size) if size else None


def _size(value: str) -> int:
    digits = value.removeprefix("-")
    if digits != value and digits.isascii() and digits.isdigit() and len(digits) < 20:
        return int(
            value
        )  # the printed form of a negative number, which the reference does not read again
    return parse_bytes(value)


def _rate(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return _bytes(value, path, faults) or "0"


def _list(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if isinstance(value, list):
        return [
            item if type(item) is str else _item(item, (*path, index), faults)
            for index, item in enumerate(value)
        ]
    if isinstance(value, str):
        return [value]
    faults.append(Fault(path, "must be a list"))
    return None


def _item(value: Any, path: KeyPath, faults: list[Fault]) -> str:
    """An entry of a list of texts: integers are fine, other numbers and dates are not."""
    if isinstance(value, (float, Timestamp)):
        faults.append(Fault(path, f"must be a string: write it in quotes ({go_value(value)})"))
    return go_value(value)


def _mapping(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping"))
        return None
    return {key: go_value(value[key]) for key in yaml_sorted(value)}


def _nullable_mapping(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping"))
        return None
    return {key: None if value[key] is None else go_value(value[key]) for key in yaml_sorted(value)}


def _anything(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    return plain(value)


def _hosts(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping or a list"))
        return None
    return sorted({f"{host}={address}" for host in value for address in value[host]})


def _ulimits(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping"))
        return None
    result: dict[str, Any] = {}
    for name in yaml_sorted(value):
        limit = value[name]
        if isinstance(limit, dict):
            result[name] = {
                key: _integer(limit[key], (*path, name, key), faults)
                for key in ("soft", "hard")
                if limit.get(key) is not None
            }
        else:
            number = _integer(limit, (*path, name), faults)
            result[name] = number if number else {"soft": 0, "hard": 0}
    return result


def _octal(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    """A file mode, which YAML's own octal numbers must have made a number already."""
    if isinstance(value, str) and "$" not in value:
        faults.append(Fault(path, f"must be a number, not the text {value!r}"))
    return _integer(value, path, faults)


def _counter(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    number = _integer(value, path, faults)
    if isinstance(number, int) and number < 0:
        faults.append(Fault(path, "must be greater than or equal to 0"))
    return number


def _options(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    """A mapping whose values the schema leaves open, though only texts and integers are possible."""
    for key, item in value.items() if isinstance(value, dict) else ():
        if isinstance(item, (bool, float, list, dict, Timestamp)):
            faults.append(Fault((*path, key), "must be a string"))
    return _mapping(value, path, faults)


def _ssh(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    if not isinstance(value, dict):
        faults.append(Fault(path, "must be a mapping or a list"))
        return None
    return [f"{key}: {go_value(value[key])}" if value[key] else key for key in sorted(value)]


def _env_files(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
    result = []
    for entry in value if isinstance(value, list) else ():
        if "path" not in entry:
            continue  # it was no text, which has been said
        shown: dict[str, Any] = {"path": entry["path"]}
        if entry.get("required") in (False, "false"):
            shown["required"] = False
        if entry.get("format"):
            shown["format"] = entry["format"]
        result.append(shown)
    return result


_CONVERTERS: dict[str, _Convert] = {
    "s": _text,
    "i": _integer,
    "f": _float,
    "c": _single,
    "r": _rate,
    "o": _octal,
    "e": _counter,
    "g": _options,
    "b": _flag,
    "d": _duration,
    "p": _positive_duration,
    "y": _bytes,
    "l": _list,
    "m": _mapping,
    "n": _nullable_mapping,
    "a": _anything,
    "h": _hosts,
    "u": _ulimits,
    "k": _ssh,
    "v": _env_files,
}
