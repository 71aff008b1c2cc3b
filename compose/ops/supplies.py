"""The images that ``up`` would pull or build before it does anything else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from compose.graph import image_references
from compose.ops.faults import Where, refuse
from compose.ops.images import Building, absent, pulled_before, survey, to_build
from compose.project import Project
from schemas.records import ImageInfo
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from compose.ops.up import Wish
    from schemas.engine import Engine


class Supply(NamedTuple):
    """An image to be fetched; ``here``: there is one of that name already, which may prove to be the same."""

    kind: Literal["pull", "build"]
    service: str
    reference: str
    here: bool


def supplies(
    engine: Engine, project: Project, wish: Wish, where: Where
) -> tuple[dict[str, ImageInfo], list[Supply]]:
    """The images that are here, by reference, and what would be pulled and built. PycomposeError for those that cannot be had."""
    names = image_references(project, wish.services, no_deps=wish.no_deps)
    images, found = survey(engine, project, names, pull=wish.pull, now=time.time)
    building = Building(wish.build, wish.no_build, wish.pull)
    pulls = pulled_before(project, names, building, found)
    builds = to_build(project, names, building, images)
    coming = {*images, *(need.reference for need in pulls), *(names[name] for name in builds)}
    refuse(absent(project, names, coming), where)
    wanted = [
        Supply("pull", need.label, need.reference, need.reference in images) for need in pulls
    ]
    wanted += [Supply("build", name, names[name], names[name] in images) for name in builds]
    return images, wanted
