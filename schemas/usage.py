"""What takes up room on the disk, and what was done about it. Sizes are bytes, times epoch seconds."""

from __future__ import annotations

from schemas.records import ContainerInfo, ImageInfo, VolumeInfo
from schemas.typed import NamedTuple


class ImageUsage(NamedTuple):
    """``shared``: bytes of the layers that other images have too; ``containers``: how many were made from it."""

    image: ImageInfo
    shared: int
    containers: int


class ContainerUsage(NamedTuple):
    """``size``: what the container has written into its own layer."""

    container: ContainerInfo
    size: int


class VolumeUsage(NamedTuple):
    """``size``: -1 when it lies elsewhere; ``links``: how many containers use it."""

    volume: VolumeInfo
    size: int
    links: int


class CacheRecord(NamedTuple):
    """A part of the build cache. ``kind`` in BuildKit's words; ``shared``: an image's layer too, so that removing the record
    gives no room; ``parent``: the record below it, "" for none."""

    id: str
    kind: str  # regular, exec.cachemount, source.git, source.http
    size: int
    created: float
    used: float
    uses: int
    in_use: bool
    shared: bool
    description: str = ""
    parent: str = ""


KINDS = ("images", "containers", "volumes", "cache")


class DiskUsage(NamedTuple):
    """``layers``: bytes of all layers of images, each counted once. Kinds that were not asked for are empty."""

    layers: int
    images: list[ImageUsage]
    containers: list[ContainerUsage]
    volumes: list[VolumeUsage]
    cache: list[CacheRecord]


class HistoryEntry(NamedTuple):
    """A step of an image's making. ``id`` and ``tags``: only of the last one, which is the image."""

    id: str
    tags: tuple[str, ...]
    created: float
    created_by: str
    size: int
    comment: str


class CachePruned(NamedTuple):
    """``removed``: ids of the records that went; ``freed``: bytes. ``busy``: a build runs, so nothing could be removed."""

    removed: list[str]
    freed: int
    busy: bool = False
