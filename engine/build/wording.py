"""How Docker writes values into an image's history (Go's fmt verbs). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from engine.build.instructions import Healthcheck

_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


def quoted(text: str) -> str:
    """``%q`` of a string."""
    return '"' + "".join(_char(char) for char in text) + '"'


def _char(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    number = ord(char)
    return (
        f"\\x{number:02x}"
        if number < 0x80
        else f"\\u{number:04x}"
        if number < 1 << 16
        else f"\\U{number:08x}"
    )


def quoted_list(words: Iterable[str]) -> str:
    """``%q`` of a list."""
    return f"[{' '.join(map(quoted, words))}]"


def plain_list(words: Iterable[str]) -> str:
    """``%v`` of a list."""
    return f"[{' '.join(words)}]"


def healthcheck(found: Healthcheck) -> str:
    """``%q`` of the health check's record."""
    times = (found.interval, found.timeout, found.start_period, found.start_interval)
    words = [quoted_list(found.test), *(quoted(duration(time)) for time in times)]
    return f"&{{{' '.join(words)} {_rune(found.retries)}}}"


def _rune(number: int) -> str:
    """``%q`` of an integer: a character."""
    named = {
        7: "\\a",
        8: "\\b",
        9: "\\t",
        10: "\\n",
        11: "\\v",
        12: "\\f",
        13: "\\r",
        39: "\\'",
        92: "\\\\",
    }
    if number in named:
        return f"'{named[number]}'"
    char = chr(number)
    return f"'{char}'" if char.isprintable() else f"'\\x{number:02x}'"


def duration(nanoseconds: int) -> str:
    """A duration as Go prints it ("1m30s", "500ms")."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 10**9:
        for unit, factor in (("ms", 10**6), ("µs", 10**3), ("ns", 1)):
            if nanoseconds >= factor:
                return f"{_decimal(nanoseconds, factor)}{unit}"
    minutes, rest = divmod(nanoseconds, 60 * 10**9)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, 10**9)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(value: int, factor: int) -> str:
    whole, rest = divmod(value, factor)
    if not rest:
        return str(whole)
    digits = len(str(factor)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
