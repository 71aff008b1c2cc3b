"""A container made with the volumes that it takes over from its predecessor or shares with another."""

from __future__ import annotations

from compose.plan.actions import CreateContainer
from schemas.engine import Engine
from schemas.errors import NotFound
from schemas.records import ContainerInfo, MountPoint
from schemas.specs import ContainerSpec, Mount


def create_container(engine: Engine, action: CreateContainer) -> ContainerInfo:
    """Create it with the volumes that it takes over or shares. EngineError."""
    spec = action.spec
    for word in action.volumes_from:
        name, _, mode = word.partition(":")
        spec = shared(spec, engine.container(name).mounts, read_only=mode == "ro")
    if action.inherit:  # last: what the predecessor shared was not its own
        spec = inherited(spec, _anonymous(engine, action.inherit))
    return engine.create(spec)


def _anonymous(engine: Engine, name: str) -> dict[str, str]:
    """The anonymous volumes of a container by their mount points; none when it is gone."""
    try:
        mounts = engine.container(name).mounts
    except NotFound:
        return {}
    return {mount.target: mount.source for mount in mounts if mount.anonymous}


def inherited(spec: ContainerSpec, volumes: dict[str, str]) -> ContainerSpec:
    """``spec`` with the anonymous ``volumes`` of its predecessor where it mounts nothing else."""
    mounts: list[Mount] = []
    left = dict(volumes)
    for mount in spec.get("mounts") or []:
        source = left.pop(mount["target"], "")
        if source and mount["type"] == "volume" and not mount.get("source"):
            mount = {**mount, "source": source}
        mounts.append(mount)
    mounts += [{"type": "volume", "target": target, "source": left[target]} for target in left]
    return {**spec, "mounts": mounts}


def shared(
    spec: ContainerSpec, mounts: tuple[MountPoint, ...], *, read_only: bool
) -> ContainerSpec:
    """``spec`` with the volumes and binds of another container where it mounts nothing itself (``volumes_from``)."""
    own = list(spec.get("mounts") or [])
    taken = {mount["target"] for mount in own}
    for mount in mounts:
        if mount.target not in taken and mount.type in ("volume", "bind"):
            more: Mount = {"type": mount.type, "target": mount.target, "source": mount.source}  # type: ignore[typeddict-item]
            if mount.type == "bind":
                # It is there, or about to be: the container that it is shared with makes it.
                more["bind"] = {"create_host_path": True}
            if read_only or mount.read_only:
                more["read_only"] = True
            own.append(more)
    return {**spec, "mounts": own}
