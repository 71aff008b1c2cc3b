"""What happens to a project's containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from schemas import labels
from schemas.errors import UsageError
from schemas.records import Event

if TYPE_CHECKING:
    from schemas.engine import Engine


# By key the values of which an event must have one.
Filters = Mapping[str, list[str]]
_KEYS = ("container", "event", "image", "label", "service")


def parse_filters(words: list[str]) -> Filters:
    """KEY=VALUE words; UsageError for a key that there is not."""
    found: dict[str, list[str]] = {}
    for word in words:
        key, separator, value = word.partition("=")
        if not separator:
            raise UsageError(
                f'invalid argument "{word}" for --filter: bad format of filter (expected name=value)'
            )
        if key not in _KEYS:
            raise UsageError(f"invalid filter '{key}' (there are: {', '.join(_KEYS)})")
        found.setdefault(key, []).append(value)
    return found


def passes(event: Event, filters: Filters) -> bool:
    """Whether the event has one of the values of every key."""
    return all(any(_has(event, key, value) for value in values) for key, values in filters.items())


def _has(event: Event, key: str, value: str) -> bool:
    if key == "event":
        # "health_status" stands for all of its kinds, as with Docker.
        return event.action == value or event.action.partition(":")[0] == value
    if key == "container":
        return event.attributes.get("name") == value or (
            len(value) >= 4 and event.id.startswith(value)
        )
    if key == "label":
        name, separator, wanted = value.partition("=")
        return name in event.attributes and (not separator or event.attributes[name] == wanted)
    return event.attributes.get({"image": "image", "service": labels.SERVICE}[key]) == value


def events(
    engine: Engine,
    project: str,
    services: list[str],
    *,
    since: float | None = None,
    until: float | None = None,
    filters: Filters | None = None,
) -> Iterator[Event]:
    """Events of the project's containers, as they come; those of one-off containers are left out."""
    wanted = frozenset(services)
    asked = filters or {}
    stream = engine.events(labels={labels.PROJECT: project}, since=since, until=until, follow=True)
    try:
        for event in stream:
            if event.type != "container" or event.attributes.get(labels.ONEOFF) == "True":
                continue
            if (not wanted or event.attributes.get(labels.SERVICE) in wanted) and passes(
                event, asked
            ):
                yield event
    finally:
        stream.close()
