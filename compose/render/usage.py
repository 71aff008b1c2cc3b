"""What takes up room, in the words of ``system df``."""

from __future__ import annotations

from collections.abc import Sequence

from compose.ops.image_list import NamedImage
from compose.ops.used_images import split_tag
from compose.render import containers, images, volumes
from compose.render.record import Record
from compose.render.table import table
from compose.render.template import Layout
from compose.render.text import ago, human_size, short_id, timestamp
from schemas.usage import CacheRecord, ContainerUsage, DiskUsage, ImageUsage, VolumeUsage

LAYOUT = Layout(
    ("Type", "TotalCount", "Active", "Size", "Reclaimable"),
    {
        "Type": "TYPE",
        "TotalCount": "TOTAL",
        "Active": "ACTIVE",
        "Size": "SIZE",
        "Reclaimable": "RECLAIMABLE",
    },
)
_ALIVE = ("running", "paused", "restarting")
_UNKNOWN = "N/A"


def summary(usage: DiskUsage) -> list[Record]:
    """A row for each kind."""
    kept = sum(each.image.size - each.shared for each in usage.images if each.containers)
    written = sum(each.size for each in usage.containers)
    idle = sum(each.size for each in usage.containers if each.container.state not in _ALIVE)
    filled = sum(max(0, each.size) for each in usage.volumes)
    unused = sum(max(0, each.size) for each in usage.volumes if not each.links)
    cached = sum(each.size for each in usage.cache if not each.shared)
    busy = sum(each.size for each in usage.cache if each.in_use and not each.shared)
    return [
        _row("Images", usage.images, sum(bool(each.containers) for each in usage.images),
             usage.layers, _share(usage.layers - kept, usage.layers)),
        _row("Containers", usage.containers,
             sum(each.container.state in _ALIVE for each in usage.containers),
             written, _share(idle, written)),
        _row("Local Volumes", usage.volumes, sum(bool(each.links) for each in usage.volumes),
             filled, _share(unused, filled)),
        _row("Build Cache", usage.cache, sum(each.in_use for each in usage.cache),
             cached, human_size(cached - busy)),
    ]  # fmt: skip


def _row(kind: str, found: Sequence[object], active: int, size: int, reclaimable: str) -> Record:
    return Record(
        Active=str(active),
        Reclaimable=reclaimable,
        Size=human_size(size),
        TotalCount=str(len(found)),
        Type=kind,
    )


def _share(part: int, whole: int) -> str:
    return f"{human_size(part)} ({part * 100 // whole}%)" if whole else human_size(part)


def details(usage: DiskUsage, now: float, *, whole: bool = False) -> dict[str, list[Record]]:
    """Every single thing, by kind; ``whole``: nothing is cut short."""
    return {
        "Images": [_image(each, now, whole=whole) for each in usage.images],
        "Containers": [_container(each, now, whole=whole) for each in usage.containers],
        "Volumes": [_volume(each) for each in usage.volumes],
        "BuildCache": [_cache(each, now, whole=whole) for each in usage.cache],
    }


def verbose(usage: DiskUsage, now: float) -> str:
    """The tables of ``system df -v``."""
    found = details(usage, now)
    cached = sum(each.size for each in usage.cache if not each.shared)
    parts = [
        ("Images space usage:", "Images", images.LAYOUT.headings,
         ("Repository", "Tag", "ID", "CreatedSince", "Size", "SharedSize", "UniqueSize", "Containers")),
        ("Containers space usage:", "Containers", {**containers.LAYOUT.headings, "Names": "NAMES",
         "LocalVolumes": "LOCAL VOLUMES"},
         ("ID", "Image", "Command", "LocalVolumes", "Size", "RunningFor", "Status", "Names")),
        ("Local Volumes space usage:", "Volumes", volumes.LAYOUT.headings, ("Name", "Links", "Size")),
        (f"Build cache usage: {human_size(cached)}", "BuildCache", _CACHE_HEADINGS,
         ("ID", "CacheType", "Size", "CreatedSince", "LastUsedSince", "UsageCount", "Shared")),
    ]  # fmt: skip
    texts = []
    for title, kind, headings, columns in parts:
        rows = [[str(row[name]) for name in columns] for row in found[kind]]
        texts.append(f"{title}\n\n{table([headings[name] for name in columns], rows)}")
    return "\n".join(texts)


_CACHE_HEADINGS = {
    "ID": "CACHE ID",
    "CacheType": "CACHE TYPE",
    "Size": "SIZE",
    "CreatedSince": "CREATED",
    "LastUsedSince": "LAST USED",
    "UsageCount": "USAGE",
    "Shared": "SHARED",
}


def _image(usage: ImageUsage, now: float, *, whole: bool) -> Record:
    """One row for each image, under the first of its names."""
    names = split_tag(usage.image.tags[0]) if usage.image.tags else ("", "")
    row = images.fields(NamedImage(*names, usage.image), now, whole=whole)
    row["Containers"] = str(usage.containers)
    row["SharedSize"] = human_size(usage.shared)
    row["UniqueSize"] = human_size(usage.image.size - usage.shared)
    return row


def _container(usage: ContainerUsage, now: float, *, whole: bool) -> Record:
    row = containers.fields(usage.container, now, whole=whole)
    row["Size"] = human_size(usage.size)
    return row


def _volume(usage: VolumeUsage) -> Record:
    row = volumes.fields(usage.volume)
    row["Links"] = str(usage.links)
    row["Size"] = human_size(usage.size) if usage.size >= 0 else _UNKNOWN
    return row


def _cache(record: CacheRecord, now: float, *, whole: bool) -> Record:
    return Record(
        CacheType=record.kind,
        CreatedAt=timestamp(record.created),
        CreatedSince=ago(record.created, now),
        Description=record.description,
        ID=record.id if whole else short_id(record.id),
        InUse=str(record.in_use).lower(),
        LastUsedAt=timestamp(record.used),
        LastUsedSince=ago(record.used, now),
        Parent=record.parent,
        Shared=str(record.shared).lower(),
        Size=human_size(record.size),
        UsageCount=str(record.uses),
    )
