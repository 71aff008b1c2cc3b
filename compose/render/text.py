"""Words for times, sizes and ids, as Docker says them, and the lines that go to stderr."""

from __future__ import annotations

import sys
import time

_QUOTED = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f",
    "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


def human_duration(seconds: float) -> str:
    """A duration in rough words ("About a minute", "3 weeks"), as Docker's go-units does."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    for limit, unit, name in (
        (48, 1, "hours"), (24 * 14, 24, "days"), (24 * 60, 24 * 7, "weeks"), (24 * 730, 24 * 30, "months"),
    ):  # fmt: skip
        if hours < limit:
            return f"{hours // unit} {name}"
    return f"{hours // (24 * 365)} years"


def ago(then: float, now: float) -> str:
    """``then`` as seen from ``now``: "3 minutes ago"."""
    return f"{human_duration(now - then)} ago"


def human_size(size: int) -> str:
    """A size in decimal units with at most four digits ("1.98MB"), as Docker prints them."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{_four_digits(value)}{unit}"
        value /= 1000
    raise AssertionError


def binary_size(size: int) -> str:
    """A size in binary units ("1.5MiB"), as ``stats`` prints memory."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            return f"{_four_digits(value)}{unit}"
        value /= 1024
    raise AssertionError


def short_size(size: int) -> str:
    """A size in decimal units with at most three digits ("1.98MB"), as lists of images have it."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.3g}{unit}" if value < 1000 else f"{value:.0f}{unit}"
        value /= 1000
    raise AssertionError


def quote(text: str) -> str:
    """``text`` as a Go string literal (strconv.Quote)."""
    return '"' + "".join(_QUOTED.get(char) or _printable(char) for char in text) + '"'


def shorten(text: str, width: int) -> str:
    """``text``, cut to ``width`` characters of which the last tells that there is more."""
    return text if len(text) <= width else text[: width - 1] + "…"


def moment(seconds: float) -> str:
    """A time as Go prints it: "2026-11-25 01:14:14 +0000 UTC"."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(seconds))


def timestamp(moment: float) -> str:
    """UTC with nine decimals: how a log line's time is printed."""
    whole = int(moment)
    year, month, day, hour, minute, second = time.gmtime(whole)[:6]
    nanoseconds = round((moment - whole) * 1e6) * 1000
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{min(nanoseconds, 999999999):09}Z"


def short_id(id: str) -> str:
    """The first twelve digits of an id."""
    return id.removeprefix("sha256:")[:12]


def warn(text: str) -> None:
    """A warning on stderr."""
    sys.stderr.write(f"warning: {text}\n")


def _four_digits(value: float) -> str:
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    number = ord(char)
    return (
        f"\\x{number:02x}"
        if number < 0x80
        else f"\\u{number:04x}"
        if number < 0x10000
        else f"\\U{number:08x}"
    )
