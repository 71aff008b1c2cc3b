"""What happens to a project's containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas import labels
from schemas.records import Event

if TYPE_CHECKING:
    from schemas.engine import Engine


def events(
    engine: Engine,
    project: str,
    services: list[str],
    *,
    since: float | None = None,
    until: float | None = None,
) -> Iterator[Event]:
    """Events of the project's containers, as they come; those of one-off containers are left out."""
    wanted = frozenset(services)
    stream = engine.events(labels={labels.PROJECT: project}, since=since, until=until, follow=True)
    try:
        for event in stream:
            if event.type != "container" or event.attributes.get(labels.ONEOFF) == "True":
                continue
            if not wanted or event.attributes.get(labels.SERVICE) in wanted:
                yield event
    finally:
        stream.close()
