"""Where a container's port is reachable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.ops.selection import running_container
from schemas.errors import NotFound
from schemas.records import PortBinding

if TYPE_CHECKING:
    from schemas.engine import Engine


def published(
    engine: Engine, project: str, service: str, port: int, *, protocol: str = "tcp", index: int = 0
) -> PortBinding:
    """The first binding of the port; NotFound lists what is published instead."""
    info = running_container(engine, project, service, index)
    for binding in info.ports:
        if binding.container_port == port and binding.protocol == protocol:
            return binding
    if f"{port}/{protocol}" in info.exposed:
        return PortBinding(
            "", 0, port, protocol
        )  # Docker Compose prints ":0" for a port that is only exposed
    there = ", ".join(f"{each.host_port}/{each.protocol}" for each in info.ports)
    raise NotFound(f"no port {port}/{protocol} for container {info.name}: {there}")
