"""``--filter key=value`` of listings and prunes, with the filters that networks and volumes share."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from schemas.errors import UsageError

Filters = dict[str, list[str]]  # values of one key are alternatives, but for labels


def parse(texts: Iterable[str], known: Collection[str]) -> Filters:
    """UsageError for a key that is no filter."""
    found: Filters = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f'invalid argument "{text}" for "--filter" flag: invalid filter')
        if key not in known:
            raise UsageError(f"invalid filter '{key}'")
        found.setdefault(key, []).append(value)
    return found


def has_labels(labels: Mapping[str, str], filters: Filters) -> bool:
    """Whether all of ``label`` are there, as key or as key=value, and none of ``label!``."""
    wanted = all(_has(labels, text) for text in filters.get("label", ()))
    return wanted and not any(_has(labels, text) for text in filters.get("label!", ()))


def flag(filters: Filters, key: str) -> bool | None:
    """The truth of a filter; None when it was not given. UsageError for a value that is none."""
    if key not in filters:
        return None
    words = {"true": True, "1": True, "false": False, "0": False}
    value = filters[key][-1]
    if value not in words:
        raise UsageError(f"invalid filter '{key}=[{value}]'")
    return words[value]


def _has(labels: Mapping[str, str], text: str) -> bool:
    key, equals, value = text.partition("=")
    return key in labels and (not equals or labels[key] == value)
