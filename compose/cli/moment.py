"""--since and --until: a timestamp, or how long ago."""

from __future__ import annotations

import time

from compose.text import parse_duration
from schemas.errors import UsageError

_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H", "%Y-%m-%d")


def parse(text: str, flag: str) -> float:
    """Epoch seconds of a timestamp ("2013-01-02T13:23:37Z", "1136073600.5") or of a duration before now ("42m")."""
    try:
        return time.time() - parse_duration(text) / 1e9
    except ValueError:
        pass
    try:
        return float(text) if text.replace(".", "", 1).isdecimal() else _timestamp(text)
    except ValueError:
        raise UsageError(
            f'invalid value for "{flag}": failed to parse value as time or duration: "{text}"'
        ) from None


def _timestamp(text: str) -> float:
    """RFC 3339 or a beginning of it; without a zone it is local time."""
    body, offset = _zone(text)
    body, point, fraction = body.partition(".")
    seconds = float(f"0.{fraction}") if point else 0.0
    for form in _FORMS:
        try:
            parts = time.strptime(body, form)
        except ValueError:
            continue
        if offset is None:
            return time.mktime(parts) + seconds
        import calendar

        return calendar.timegm(parts) - offset + seconds
    raise ValueError(text)


def _zone(text: str) -> tuple[str, int | None]:
    """The text without its zone, and the zone's offset in seconds (None: it has none)."""
    if text.endswith("Z"):
        return text[:-1], 0
    sign = text[-6:-5]
    if "T" in text and sign in ("+", "-") and text[-3:-2] == ":":
        hours, minutes = int(text[-5:-3]), int(text[-2:])
        return text[:-6], (1 if sign == "+" else -1) * (hours * 3600 + minutes * 60)
    return text, None
