"""What templates may call, and how Go prints values (fmt's %v)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from compose.render.record import Record
from compose.text import go_float
from schemas.errors import UsageError


def text_of(value: Any) -> str:
    """``value`` as Go's fmt prints it with %v."""
    if value is None:
        return "<no value>"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, Record):
        return "{" + " ".join(map(text_of, value.values())) + "}"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{text_of(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(text_of, value)) + "]"
    return str(value)


def truth(value: Any) -> bool:
    """Whether a value counts as true: not empty, not zero, not nil."""
    return bool(value)


def _json(value: Any) -> str:
    from compose.render.jsontext import dumps

    return dumps(value)


def _title(text: str) -> str:
    return re.sub(r"\b\w", lambda match: match.group().upper(), text)


def _pad(text: str, left: int, right: int) -> str:
    return " " * left + text + " " * right if text else ""


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, Mapping):
            value = value.get(key, "")
        elif isinstance(value, (list, tuple, str)) and isinstance(key, int):
            if not 0 <= key < len(value):
                raise UsageError(f"error calling index: reflect: slice index out of range: {key}")
            value = value[key]
        else:
            raise UsageError(f"error calling index: can't index item of {text_of(value)}")
    return value


_VERB = re.compile(r"%([-+ 0#]*)(\d*)(\.\d+)?([a-zA-Z%])")


def _printf(pattern: str, *values: Any) -> str:
    left = list(values)

    def one(match: re.Match[str]) -> str:
        flags, width, precision, verb = match.groups(default="")
        if verb == "%":
            return "%"
        if not left:
            return f"%!{verb}(MISSING)"
        value = left.pop(0)
        if verb in "dxXofeg" and isinstance(value, (int, float)):
            return f"%{flags}{width}{precision}{verb}" % value
        text = _json(text_of(value)) if verb == "q" else text_of(value)
        return f"%{flags.replace('0', '')}{width}{precision}s" % text

    return _VERB.sub(one, pattern)


def _equal(first: Any, *others: Any) -> bool:
    return any(first == other for other in others)


def _and(*values: Any) -> Any:
    return next((value for value in values if not truth(value)), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if truth(value)), values[-1])


def _print(*values: Any) -> str:
    return "".join(map(text_of, values))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": _and,
    "eq": _equal,
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "index": _index,
    "join": lambda items, separator: separator.join(map(text_of, items)),
    "json": _json,
    "le": lambda a, b: a <= b,
    "len": len,
    "lower": lambda text: text_of(text).lower(),
    "lt": lambda a, b: a < b,
    "ne": lambda a, b: a != b,
    "not": lambda value: not truth(value),
    "or": _or,
    "pad": _pad,
    "print": _print,
    "printf": _printf,
    "println": lambda *values: " ".join(map(text_of, values)) + "\n",
    "slice": lambda value, *ends: value[slice(*(ends if len(ends) > 1 else (*ends, None)))],
    "split": lambda text, separator: text.split(separator),
    "title": _title,
    "truncate": lambda text, length: text[:length],
    "upper": lambda text: text_of(text).upper(),
}

# In the header of a table a function shows its argument, so that {{upper .Name}} stands under NAME.
HEADER_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **FUNCTIONS,
    **dict.fromkeys(("json", "join", "lower", "pad", "split", "title", "truncate", "upper"), lambda value, *_: value),
}  # fmt: skip
