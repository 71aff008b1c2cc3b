"""What takes up room on the disk: layers, writable layers, volumes, and what builds keep."""

from __future__ import annotations

from engine import containers, images, paths, volumes
from engine.build import pruning
from engine.sizes import tree_size
from engine.state import images as rows
from engine.state import volume_uses
from schemas.records import VolumeInfo
from schemas.usage import KINDS, ContainerUsage, DiskUsage, ImageUsage, VolumeUsage


def disk_usage(kinds: tuple[str, ...]) -> DiskUsage:
    """The kinds that are asked for; files are counted, so it takes as long as there are many."""
    kinds = kinds or KINDS
    found = containers.select(None, all=True)
    used: dict[str, int] = {}
    for info in found:
        used[info.image_id] = used.get(info.image_id, 0) + 1
    shared = rows.shared_sizes()
    return DiskUsage(
        layers=rows.layers_size(),
        images=[
            ImageUsage(info, shared.get(info.id, 0), used.get(info.id, 0))
            for info in (images.images() if "images" in kinds else ())
        ],
        containers=[
            ContainerUsage(info, _written(info.id))
            for info in (found if "containers" in kinds else ())
        ],
        volumes=[_volume(info) for info in (volumes.select() if "volumes" in kinds else ())],
        cache=pruning.records() if "cache" in kinds else [],
    )


def _written(id: str) -> int:
    own = paths.container_dir(id)
    return tree_size(f"{own}/upper") + tree_size(f"{own}/usr-upper")


def _volume(info: VolumeInfo) -> VolumeUsage:
    # What is mounted from elsewhere takes no room here.
    size = -1 if info.options else tree_size(info.mountpoint)
    return VolumeUsage(info, size, len(volume_uses.users(info.name)))
