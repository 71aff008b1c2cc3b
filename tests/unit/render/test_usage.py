"""system df: what is counted as reclaimable."""

from __future__ import annotations

from compose.render.template import render
from compose.render.usage import LAYOUT, summary
from schemas.records import ContainerInfo, ImageInfo, VolumeInfo
from schemas.usage import CacheRecord, ContainerUsage, DiskUsage, ImageUsage, VolumeUsage


def image(name: str, size: int, shared: int, containers: int) -> ImageUsage:
    info = ImageInfo("sha256:" + name * 64, (name,), (), 0.0, size, "amd64", "linux", {})
    return ImageUsage(info, shared, containers)


def container(state: str, size: int) -> ContainerUsage:
    info = ContainerInfo("c" * 64, "c", "i", "sha256:i", {}, 0.0, state)  # type: ignore[arg-type]
    return ContainerUsage(info, size)


def volume(size: int, links: int) -> VolumeUsage:
    return VolumeUsage(VolumeInfo("v", "local", {}, "/v", 0.0), size, links)


def record(size: int, *, shared: bool = False, in_use: bool = False) -> CacheRecord:
    return CacheRecord("r", "regular", size, 0.0, 0.0, 1, in_use, shared)


def test_nothing_takes_no_room() -> None:
    assert render("table", LAYOUT, summary(DiskUsage(0, [], [], [], []))) == (
        "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n"
        "Images          0         0         0B        0B\n"
        "Containers      0         0         0B        0B\n"
        "Local Volumes   0         0         0B        0B\n"
        "Build Cache     0         0         0B        0B\n"
    )


def test_what_is_used_is_not_reclaimable() -> None:
    usage = DiskUsage(
        layers=5_128_000,
        images=[image("a", 5_128_000, 1_982_000, 1), image("b", 1_982_000, 1_982_000, 0)],
        containers=[container("running", 10), container("paused", 20), container("exited", 70)],
        volumes=[volume(3_000, 1), volume(1_000, 0), volume(-1, 0)],
        cache=[record(500), record(100, in_use=True), record(9_000, shared=True)],
    )
    assert render("table", LAYOUT, summary(usage)) == (
        "TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n"
        "Images          2         1         5.128MB   1.982MB (38%)\n"
        "Containers      3         2         100B      70B (70%)\n"
        "Local Volumes   3         1         4kB       1kB (25%)\n"
        "Build Cache     3         1         600B      500B\n"
    )
