"""What the tasks of services write: as it was, in the order of time, and as it comes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from queue import SimpleQueue

from schemas.engine import Stream
from schemas.errors import EngineError
from schemas.service_engine import ServiceEngine
from schemas.services import TaskLine
from schemas.specs import LogQuery

Said = tuple[str, TaskLine]  # the service's key, and a line


def written(engine: ServiceEngine, services: Mapping[str, str], query: LogQuery) -> list[Said]:
    """All lines so far, in the order of time. ``services``: names on the cluster by key."""
    found: list[Said] = []
    for key, name in services.items():
        stream = engine.logs(name, query)
        try:
            found += ((key, line) for line in stream)
        finally:
            stream.close()
    return sorted(found, key=lambda said: said[1].time)


def following(
    engine: ServiceEngine, services: Mapping[str, str], query: LogQuery
) -> Iterator[Said]:
    """Lines as they come, until every service is gone. The iterator's ``close`` ends it."""
    queue: SimpleQueue[Said | str] = SimpleQueue()
    streams: list[Stream[TaskLine]] = [
        engine.logs(name, {**query, "follow": True}) for name in services.values()
    ]

    def pump(key: str, stream: Stream[TaskLine]) -> None:
        try:
            for line in stream:
                queue.put((key, line))
        except EngineError:
            pass  # the service was removed: its log has ended
        queue.put(key)

    for key, stream in zip(services, streams, strict=True):
        threading.Thread(target=pump, args=(key, stream), daemon=True).start()
    left = len(streams)
    try:
        while left:
            item = queue.get()
            if isinstance(item, str):
                left -= 1
            else:
                yield item
    finally:
        for stream in streams:
            stream.close()
