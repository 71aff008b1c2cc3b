"""What containers use, as rates between two looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import EngineError
from schemas.records import ContainerInfo, Stats
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from schemas.engine import Engine


class Usage(NamedTuple):
    info: ContainerInfo
    cpu: float  # percent of one processor
    memory: int
    memory_limit: int
    network: tuple[int, int]
    block: tuple[int, int]
    pids: int


def sample(engine: Engine, containers: list[ContainerInfo]) -> dict[str, Stats]:
    """One look at each container; those that have ended are left out."""
    found = {}
    for info in containers:
        try:
            found[info.id] = engine.stats(info.id)
        except EngineError:
            continue
    return found


def usage(
    containers: list[ContainerInfo], before: dict[str, Stats], after: dict[str, Stats]
) -> list[Usage]:
    """The rates between two looks; a container without a look reads as zero."""
    return [_one(info, before.get(info.id), after.get(info.id)) for info in containers]


def _one(info: ContainerInfo, before: Stats | None, after: Stats | None) -> Usage:
    if after is None:
        return Usage(info, 0.0, 0, 0, (0, 0), (0, 0), 0)
    passed = after.time - before.time if before else 0.0
    cpu = 100 * (after.cpu_seconds - before.cpu_seconds) / passed if before and passed > 0 else 0.0
    return Usage(
        info,
        max(cpu, 0.0),
        after.memory,
        after.memory_limit,
        (after.network_received, after.network_sent),
        (after.block_read, after.block_written),
        after.pids,
    )
