"""The daemon's timestamps (RFC 3339 with nanoseconds) and ours (epoch seconds)."""

from __future__ import annotations

from time import gmtime, strftime


def seconds(text: str) -> float:
    """Epoch seconds; 0.0 for the year one, which means never."""
    if not text or text.startswith("0001-"):
        return 0.0
    return _whole(text) + _fraction(text)


def _whole(text: str) -> int:
    hours = days(int(text[0:4]), int(text[5:7]), int(text[8:10])) * 24 + int(text[11:13])
    moment = (hours * 60 + int(text[14:16])) * 60 + int(text[17:19])
    zone = text[19:].lstrip(".0123456789")
    if zone in ("", "Z"):
        return moment
    sign = -1 if zone[0] == "+" else 1
    return moment + sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)


def days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date (``calendar`` has the same, and loads ``datetime`` for it)."""
    # Years begin in March: so February, with its odd length, comes last.
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return (
        year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 + 2) // 5 + day - 719469
    )


def _fraction(text: str) -> float:
    if text[19:20] != ".":
        return 0.0
    end = 20
    while end < len(text) and text[end].isdigit():
        end += 1
    return float(f"0.{text[20:end] or '0'}")


def text(moment: float) -> str:
    """Seconds as the API takes them in a query: with nanoseconds behind a point."""
    return f"{moment:.9f}"


def rfc3339(moment: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(moment)) + f".{int(moment % 1 * 1e9):09d}Z"
