"""Remove images that nothing uses."""

from __future__ import annotations

from compose.ops.image_list import Filter, listed
from schemas.engine import Engine
from schemas.errors import Conflict

BUILT_IN = "pycompose/host:latest"


def prune(
    engine: Engine, filters: list[Filter], *, everything: bool = False
) -> tuple[list[str], int]:
    """Remove images without a name, with ``everything`` also named ones, unless a container was made from them.

    What was done, as lines in Docker's words, and the bytes of the images that went.
    """
    used = {info.image_id for info in engine.containers()}
    done: list[str] = []
    freed = 0
    seen: set[str] = set()
    for row in listed(engine, filters):
        image = row.image
        if image.id in used or image.id in seen or BUILT_IN in image.tags:
            continue
        if image.tags and not everything:
            continue
        seen.add(image.id)
        try:
            for name in image.tags or (image.id,):
                done += engine.remove_image(name)
        except Conflict:
            continue  # a container was made from it meanwhile
        freed += image.size
    return [line[0].lower() + line[1:] for line in done], freed
