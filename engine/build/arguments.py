"""What follows an instruction's keyword, taken apart: JSON lists, words, pairs, flags. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from engine.build.instructions import Pair
from engine.build.lexer import Line
from schemas.errors import InvalidArgument

_SPACE = re.compile(r"[\t\v\f\r ]+")
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}  # fmt: skip
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


def json_list(text: str) -> list[str] | None:
    """The JSON list that ``text`` is; None when it is none, InvalidArgument when it holds other things than strings."""
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not all(isinstance(item, str) for item in found):
        raise InvalidArgument(
            "when using JSON array syntax, arrays must be comprised of strings only"
        )
    return list(found)


def spaced(text: str) -> list[str]:
    """The words between spaces, quotes meaning nothing."""
    return _SPACE.split(text) if text else []


def list_or_spaced(text: str) -> list[str]:
    """A JSON list, else words between spaces."""
    found = json_list(text)
    return spaced(text) if found is None else found


def words(text: str, escape: str) -> list[str]:
    """Words between spaces that are not quoted; quotes and escapes are left in them."""
    found: list[str] = []
    word, quote, started = "", "", False
    index = 0
    while index < len(text):
        char = text[index]
        if char == escape and quote != "'":
            # An escape at the end of all is dropped.
            if index + 1 < len(text):
                word += text[index : index + 2]
                started = True
            index += 2
            continue
        index += 1
        if not quote and char.isspace():
            if started:
                found.append(word)
            word, started = "", False
            continue
        started = True
        word += char
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
    return [*found, word] if started else found


def pairs(text: str, escape: str, keyword: str) -> list[Pair]:
    """``k=v k2="v 2"``, or the old ``k v``; InvalidArgument."""
    found = words(text, escape)
    if not found:
        raise InvalidArgument(f"{keyword} requires at least one argument")
    if "=" not in found[0]:
        parts = _SPACE.split(text, maxsplit=1)
        if len(parts) < 2:
            raise InvalidArgument(f"{keyword} must have two arguments")
        return [Pair(parts[0], parts[1], spaced=True)]
    result = []
    for word in found:
        key, equals, value = word.partition("=")
        if not equals:
            shown = json.dumps(word, ensure_ascii=False)
            raise InvalidArgument(
                f"Syntax error - can't find = in {shown}. Must be of the form: name=value"
            )
        if not key:
            raise InvalidArgument(f"{keyword} names can not be blank")
        result.append(Pair(key, value))
    return result


class Flags:
    """The flags of one line, by the table of those that its instruction has."""

    def __init__(self, line: Line, known: Iterable[str], *, switches: Iterable[str] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        self._several = frozenset({"mount", "exclude", "device"})
        switches = frozenset(switches)
        names = {*known, *switches}
        for word in line.flags:
            name, equals, value = word[2:].partition("=")
            if name not in names:
                hint = _nearest(name, names)
                raise InvalidArgument(
                    f"unknown flag: --{name}" + (f" (did you mean {hint}?)" if hint else "")
                )
            if name in self._values and name not in self._several:
                raise InvalidArgument(f"duplicate flag specified: {name}")
            if not equals:
                if name not in switches:
                    raise InvalidArgument(f"missing a value on flag: {name}")
                value = "true"
            elif name in switches and value.lower() not in ("true", "false"):
                raise InvalidArgument(f"expecting boolean value for flag {name}, not: {value}")
            self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str:
        return self._values.get(name, [""])[0]

    def switch(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def maybe(self, name: str) -> bool | None:
        """Three answers: asked for, asked not to, not said."""
        return self.switch(name) if name in self._values else None

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name, ()))

    def used(self) -> tuple[str, ...]:
        return tuple(self._values)


def _nearest(word: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(word, sorted(names), n=1, cutoff=0.7)
    return found[0] if found else ""


def duration(text: str, name: str) -> int:
    """A duration in Go's words as nanoseconds, 0 for none; InvalidArgument for one below a millisecond."""
    if not text:
        return 0
    value = _go_duration(text)
    if value is None:
        raise InvalidArgument(f'time: invalid duration "{text}"')
    if value and value < 10**6:
        raise InvalidArgument(f'Interval "{name}" cannot be less than 1ms')
    return value


def _go_duration(text: str) -> int | None:
    sign = -1 if text.startswith("-") else 1
    rest = text.lstrip("+-") if text[0] in "+-" else text
    if rest == "0":
        return 0
    total, position = 0.0, 0
    while position < len(rest):
        match = _DURATION.match(rest, position)
        if match is None:
            return None
        total += float(match[1]) * _UNITS[match[2]]
        position = match.end()
    return sign * round(total) if position else None


def boolean(text: str) -> bool | None:
    """As Go's strconv.ParseBool; None when it is neither."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None
