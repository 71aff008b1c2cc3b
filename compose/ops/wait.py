"""Waiting for containers to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue

from compose.execute.interrupts import fetch
from schemas.engine import Engine
from schemas.errors import EngineError
from schemas.records import ContainerInfo, Exit


def ends(engine: Engine, containers: list[ContainerInfo]) -> Iterator[tuple[ContainerInfo, Exit]]:
    """The ends of the containers, as they come. EngineError."""
    queue: SimpleQueue[tuple[ContainerInfo, Exit | EngineError]] = SimpleQueue()

    def watch(info: ContainerInfo) -> None:
        try:
            queue.put((info, engine.wait(info.id)))
        except EngineError as error:
            queue.put((info, error))

    for info in containers:
        threading.Thread(target=watch, args=(info,), daemon=True).start()
    for _ in containers:
        info, end = fetch(queue)
        if isinstance(end, EngineError):
            raise end
        yield info, end
