"""The values of the printed model: each kind of ``shape_tables`` has its converter here.

A converter takes what the canonical tree holds and gives what is printed, or None for what is left out; what cannot be is
noted as a fault.
"""

from __future__ import annotations

from compose.loader.faults import Fault
from compose.loader.order import yaml_sorted
from compose.loader.scalars import Timestamp
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

    Convert = Callable[[Any, KeyPath, list[Fault]], Any]


def plain(value: Any) -> Any:
    """Any value as plain data, keys sorted."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in yaml_sorted(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return Timestamp(value.written, value.written) if type(value) is Timestamp else value


def text(value: Any, path: KeyPath, faults: list[Fault]) -> Any:
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
    if isinstance(number, float) and not abs(number) <= 3e38:  # infinite, or not a number, too
        faults.append(Fault(path, f"value out of range: {number}"))
        return None
    if not isinstance(number, float) or (number == int(number) and abs(number) < 1 << 24):
        return number
    from struct import pack, unpack

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


CONVERTERS: dict[str, Convert] = {
    "s": text,
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
