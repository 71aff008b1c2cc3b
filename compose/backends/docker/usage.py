"""What takes up room at a daemon, and how its images were made."""

from __future__ import annotations

import json
import time
from typing import Any

from compose.backends.docker import containers, images, records, times
from compose.backends.docker.client import Client
from schemas.usage import (
    KINDS,
    CachePruned,
    CacheRecord,
    ContainerUsage,
    DiskUsage,
    HistoryEntry,
    ImageUsage,
    VolumeUsage,
)

_TYPES = {"images": "image", "containers": "container", "volumes": "volume", "cache": "build-cache"}


def disk_usage(client: Client, kinds: tuple[str, ...]) -> DiskUsage:
    types = "&".join(f"type={_TYPES[kind]}" for kind in kinds or KINDS)
    found = client.wire.get(f"/system/df?{types}")
    infos = {info.id: info for info in images.images(client)}
    sizes = {each["Id"]: int(each.get("SizeRw") or 0) for each in found.get("Containers") or ()}
    used: dict[str, int] = {}
    for each in found.get("Containers") or ():
        used[each["ImageID"]] = used.get(each["ImageID"], 0) + 1
    return DiskUsage(
        layers=int(found.get("LayersSize") or 0),
        images=[
            ImageUsage(infos[each["Id"]], max(0, int(each["SharedSize"])), used.get(each["Id"], 0))
            for each in found.get("Images") or ()
            if each["Id"] in infos
        ],
        containers=[
            ContainerUsage(info, sizes[info.id])
            for info in containers.select(client, None, all=True)
            if info.id in sizes
        ],
        volumes=[_volume(each) for each in found.get("Volumes") or ()],
        cache=[_record(each) for each in found.get("BuildCache") or ()],
    )


def prune_build_cache(client: Client, *, everything: bool, until: float, keep: int) -> CachePruned:
    # The daemon reads a duration here, not a moment.
    age = f"{max(0.0, time.time() - until):.3f}s"
    query: dict[str, str | bool] = {"all": everything, "keep-storage": str(keep)}
    if until:
        query["filters"] = json.dumps({"until": {age: True}})
    done = client.wire.post("/build/prune", query) or {}
    return CachePruned(list(done.get("CachesDeleted") or ()), int(done.get("SpaceReclaimed") or 0))


def history(client: Client, reference: str) -> list[HistoryEntry]:
    """Newest step first; NotFound."""
    return [
        HistoryEntry(
            id="" if each["Id"] == "<missing>" else each["Id"],
            tags=tuple(each.get("Tags") or ()),
            created=float(each["Created"]),
            created_by=each["CreatedBy"],
            size=int(each["Size"]),
            comment=each["Comment"],
        )
        for each in client.wire.get(images.path(reference, "history"))
    ]


def _volume(found: dict[str, Any]) -> VolumeUsage:
    usage = found.get("UsageData") or {}
    return VolumeUsage(
        records.volume(found), int(usage.get("Size", -1)), max(0, int(usage.get("RefCount", 0)))
    )


def _record(found: dict[str, Any]) -> CacheRecord:
    created = times.seconds(found.get("CreatedAt") or "")
    return CacheRecord(
        id=found["ID"],
        kind=found["Type"],
        size=int(found["Size"]),
        created=created,
        used=times.seconds(found.get("LastUsedAt") or "") or created,
        uses=int(found["UsageCount"]),
        in_use=bool(found["InUse"]),
        shared=bool(found["Shared"]),
        description=found.get("Description") or "",
        parent=(found.get("Parents") or [found.get("Parent") or ""])[0],
    )
