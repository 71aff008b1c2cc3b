"""``key=value`` words of the command line, as Docker reads those of labels and options. UsageError."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.errors import UsageError


def labels(words: Iterable[str]) -> dict[str, str]:
    """A word without "=" is a label without a value."""
    found = {}
    for word in words:
        key, _, value = word.partition("=")
        if not key:
            raise UsageError(f'invalid argument "{word}" for "--label" flag: invalid label format')
        found[key] = value
    return found


def options(words: Iterable[str]) -> dict[str, str]:
    """Driver options: the first "=" divides, the value may hold more of them."""
    return {key: value for key, _, value in (word.partition("=") for word in words)}


def several(words: Iterable[str]) -> list[str]:
    """The values of a flag that may be given again and may hold a list with commas."""
    return [part for word in words for part in word.split(",") if part]
