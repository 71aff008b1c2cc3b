"""The volumes that are here, narrowed by Docker's filters."""

from __future__ import annotations

import re

from compose.ops.filters import Filters, flag, has_labels
from schemas.engine import Engine
from schemas.records import VolumeInfo

FILTERS = frozenset({"dangling", "driver", "label", "label!", "name"})


def listed(engine: Engine, filters: Filters) -> list[VolumeInfo]:
    """By name."""
    wanted = flag(filters, "dangling")
    used = _used(engine) if wanted is not None else set()
    return [
        volume
        for volume in sorted(engine.volumes(), key=lambda volume: volume.name)
        if has_labels(volume.labels, filters)
        and volume.driver in filters.get("driver", [volume.driver])
        and _named(volume.name, filters)
        and (wanted is None or (volume.name not in used) == wanted)
    ]


def _used(engine: Engine) -> set[str]:
    return {
        mount.source
        for container in engine.containers()
        for mount in container.mounts
        if mount.type == "volume"
    }


def _named(name: str, filters: Filters) -> bool:
    patterns = filters.get("name", ())
    try:
        return not patterns or any(re.search(pattern, name) for pattern in patterns)
    except re.error:
        return name in patterns
