"""Small containers on busybox, the same on every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.engine import Engine
    from schemas.records import ContainerInfo

IMAGE = "busybox:latest"


def make(engine: Engine, name: str, *command: str, **changes: Any) -> ContainerInfo:
    """A container without network, made and not started."""
    spec = {"name": name, "image": IMAGE, "command": list(command), "network_mode": "none"}
    return engine.create({**spec, **changes})  # type: ignore[typeddict-item]


def start(engine: Engine, name: str, script: str, **changes: Any) -> ContainerInfo:
    """A running container whose program is a shell script."""
    made = make(engine, name, "sh", "-c", script, **changes)
    engine.start(made.id)
    return engine.container(made.id)


def sleeper(engine: Engine, name: str, **changes: Any) -> ContainerInfo:
    """A running container that ends at once when it is asked to."""
    return start(engine, name, "exec sleep 1000", **{"init": True, **changes})


def on(*networks: str, **more: Any) -> dict[str, Any]:
    """The change that puts a container on networks."""
    return {
        "network_mode": "",
        "endpoints": [{"network": network, **more} for network in networks],
    }
