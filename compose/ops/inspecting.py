"""``inspect`` of several things: what was found, and what was not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schemas.errors import NotFound


def inspect(
    look: Callable[[str], dict[str, object]], names: Iterable[str]
) -> tuple[list[dict[str, object]], list[str]]:
    """The records of what is there, and a line for each that is not."""
    found: list[dict[str, object]] = []
    missing: list[str] = []
    for name in names:
        try:
            found.append(look(name))
        except NotFound as err:
            missing.append(err.message)
    return found, missing
