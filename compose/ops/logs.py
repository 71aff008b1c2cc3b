"""Logs of a project: what was written so far. ``compose.ops.following`` goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from itertools import starmap
from typing import TYPE_CHECKING

from compose.ops.selection import number, project_containers
from schemas.errors import NotFound, Unsupported
from schemas.records import ContainerInfo, Exit, LogLine
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from schemas.engine import Engine, Stream
    from schemas.specs import LogQuery

# A line of a container, or its end.
Said = tuple[ContainerInfo, LogLine | Exit]


class Hooks(NamedTuple):
    """What the reader wants to be told beside the lines."""

    # It has something to say: called before anybody's first line.
    speaks: Callable[[ContainerInfo], None]
    # Its logs cannot be read, and why.
    mute: Callable[[ContainerInfo, str], None]


def logs(
    engine: Engine, containers: list[ContainerInfo], query: LogQuery, hooks: Hooks
) -> Iterator[Said]:
    """The lines written so far, in the order of time."""
    streams: list[tuple[ContainerInfo, Stream[LogLine]]] = []
    for info in containers:
        try:
            streams.append((info, engine.logs(info.id, query)))
        except Unsupported as err:
            hooks.mute(info, err.message)

    def tagged(
        info: ContainerInfo, stream: Stream[LogLine]
    ) -> Iterator[tuple[ContainerInfo, LogLine]]:
        for count, line in enumerate(stream):
            if not count:
                hooks.speaks(info)
            yield info, line

    try:
        # merge() takes the first line of every source before it yields anything.
        yield from merge(*starmap(tagged, streams), key=lambda pair: pair[1].time)
    finally:
        for _, stream in streams:
            stream.close()


def log_containers(
    engine: Engine, project: str, services: list[str], index: int = 0
) -> list[ContainerInfo]:
    """The containers whose logs are asked for; NotFound when there is none with the number ``index``."""
    found = project_containers(engine, project, services=services)
    if not index:
        return found
    numbered = [info for info in found if number(info) == index]
    if not numbered:
        raise NotFound(f'service "{services[0]}" is not running container #{index}')
    return numbered
