"""Plain YAML scalars as Compose reads them: YAML 1.2 types with Go yaml.v3's extras.

``yes``/``on`` are strings, ``010`` is octal, ``1_000`` and ``0x1F`` are integers, ``12:30`` is a string, a date becomes
the text Go prints for it (yaml.v3 resolve.go; YAML 1.2.2 section 10.3).
"""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from typing import Any, Self

_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    ".nan": float("nan"),
    ".NaN": float("nan"),
    ".NAN": float("nan"),
    ".inf": float("inf"),
    ".Inf": float("inf"),
    ".INF": float("inf"),
    "+.inf": float("inf"),
    "+.Inf": float("inf"),
    "+.INF": float("inf"),
    "-.inf": float("-inf"),
    "-.Inf": float("-inf"),
    "-.INF": float("-inf"),
}


class Timestamp(str):
    """A date: as text what Go's ``%v`` prints; ``written`` is its form in YAML and JSON."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, text: str, written: str) -> Self:
        """A date that reads as ``text``."""
        new = super().__new__(cls, text)
        new.written = written
        return new


_NUMBER_START = frozenset("0123456789+-.")
_BASES = {"0x": 16, "0o": 8, "0b": 2}


def resolve_plain(text: str) -> Any:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if text[:1].isdigit() and len(text) >= 8 and text[4:5] == "-":
        date = _timestamp(text)
        if date is not None:
            return date
    number = text.replace("_", "")
    value = _integer(number)
    if value is not None:
        return value
    if _is_float(number):
        size = float(number)
        # Minus zero would be printed as ``-0``, which is an integer when it is read again.
        return text if size in (float("inf"), float("-inf")) else size or 0.0
    return text


def _integer(text: str) -> int | None:
    """Go's ``strconv.ParseInt(text, 0, 64)``; None when it is no integer that fits 64 bits."""
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    base = _BASES.get(digits[:2].lower())
    if base is not None:
        digits = digits[2:]
    elif len(digits) > 1 and digits[0] == "0":
        base, digits = 8, digits[1:]
    else:
        base = 10
    if not digits or not digits.isascii() or not digits.isalnum() or len(digits) > 64:
        return None
    try:
        value = int(digits, base)
    except ValueError:
        return None
    value = -value if sign == "-" else value
    return value if -(1 << 63) <= value < (1 << 64) else None


def _is_float(text: str) -> bool:
    """yaml.v3's ``[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?``."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    mantissa, marker, exponent = rest.replace("E", "e").partition("e")
    if marker:
        exponent = exponent[1:] if exponent[:1] in ("+", "-") else exponent
        if not (exponent.isascii() and exponent.isdigit()):
            return False
    whole, dot, part = mantissa.partition(".")
    if not (whole + part).isascii():
        return False
    if whole:
        return whole.isdigit() and (not part or part.isdigit())
    return bool(dot) and part.isdigit()


def _timestamp(text: str) -> Timestamp | None:
    """A YAML timestamp (YAML 1.1 "timestamp" as yaml.v3 accepts it), or None when the text is none."""
    found = _moment().fullmatch(text)
    if found is None:
        return None
    year, month, day, separator, hour, minute, second, fraction, zone = found.groups()
    import datetime as dt

    try:
        date = dt.date(int(year), int(month), int(day)).isoformat()
        if separator is not None:
            dt.time(int(hour), int(minute), int(second))
    except ValueError:
        return None
    if separator is None:
        return Timestamp(f"{date} 00:00:00 +0000 UTC", f"{date}T00:00:00Z")
    if (separator == " ") == (zone is not None):
        return None
    fraction = (fraction or "").rstrip(".0") if fraction else ""
    clock = f"{int(hour):02d}:{minute}:{second}{fraction}"
    if zone in (None, "Z"):
        return Timestamp(f"{date} {clock} +0000 UTC", f"{date}T{clock}Z")
    offset = zone.replace(":", "")
    if offset[1:] == "0000":
        return Timestamp(f"{date} {clock} +0000 +0000", f"{date}T{clock}Z")
    return Timestamp(f"{date} {clock} {offset} {offset}", f"{date}T{clock}{zone}")


def _moment() -> re.Pattern[str]:
    import re

    return re.compile(
        r"(\d{4})-(\d{1,2})-(\d{1,2})"
        r"(?:([Tt ])(\d{1,2}):(\d{2}):(\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?)?",
        re.ASCII,
    )
