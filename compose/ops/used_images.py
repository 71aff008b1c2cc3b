"""The images behind a project's containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.ops.selection import project_containers
from schemas.records import ImageInfo
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from schemas.engine import Engine


class UsedImage(NamedTuple):
    container: str  # name
    repository: str  # "" when the image has no name any more
    tag: str
    image: ImageInfo


def used_images(engine: Engine, project: str, services: list[str]) -> list[UsedImage]:
    """One for each container, by the container's name; a container whose image is gone is left out."""
    images: dict[str, ImageInfo | None] = {}
    found = []
    containers = project_containers(engine, project, services=services, one_offs=True)
    for info in sorted(containers, key=lambda info: info.name):
        if info.image_id not in images:
            images[info.image_id] = engine.image(info.image_id)
        image = images[info.image_id]
        if image is not None:
            found.append(
                UsedImage(info.name, *split_tag(image.tags[0] if image.tags else ""), image)
            )
    return found


def split_tag(reference: str) -> tuple[str, str]:
    """Repository and tag of a familiar reference ("host:5000/a/b:1")."""
    repository, colon, tag = reference.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (reference, "")
