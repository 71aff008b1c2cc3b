"""The end of a build: what the target has become is an image with its names."""

from __future__ import annotations

from typing import Any

from engine import images
from engine.build.commit import Committer, document, record
from engine.build.jobs import Outcome
from engine.build.sources import Image, Sources
from engine.build.steps import StagePlan
from engine.image import platform as platforms
from engine.image import reference
from engine.state import db, journal
from engine.state import images as rows
from engine.state.images import LayerRow
from schemas.errors import Failed
from schemas.records import ImageInfo
from schemas.typed import NamedTuple


class Draft(NamedTuple):
    """An image that is not written down yet. ``below`` are the layers of its base, lowest first."""

    body: dict[str, Any]
    below: list[LayerRow]
    own: list[LayerRow]
    kind: str  # layers, host


def lineage(target: StagePlan, plans: list[StagePlan]) -> list[StagePlan]:
    """The target and the stages it is built on, the lowest last."""
    by_number = {plan.number: plan for plan in plans}
    found = [target]
    while found[-1].base.kind == "stage":
        found.append(by_number[found[-1].base.stage])
    return found


def begin_layers(committer: Committer, outcome: Outcome) -> None:
    """Have the layers of a stage made, as far as it is."""
    layers = outcome.stack.layers
    for index, snapshot in enumerate(outcome.chain):
        below = layers[index + 1] if index + 1 < len(layers) else None
        committer.begin(snapshot, below)


def draft(
    target: StagePlan,
    plans: list[StagePlan],
    outcome: Outcome,
    committer: Committer,
    sources: Sources,
) -> Draft:
    """The image that the target has become; its layers are waited for."""
    origin = lineage(target, plans)[-1]
    kind, below = "layers", []
    if origin.base.kind != "scratch":
        found = sources.of(origin.base)
        if isinstance(found, Image):
            below = _layers(found)
            kind = "host" if found.stack.host else "layers"
    begin_layers(committer, outcome)
    own = [committer.layer(snapshot) for snapshot in reversed(outcome.chain)]
    inherited = origin.inherited if origin.base.kind in ("image", "named") else 0
    body = document(
        target, [layer.diff_id for layer in below], own, outcome.times, inherited=inherited
    )
    return Draft(body, below, own, kind)


def _layers(image: Image) -> list[LayerRow]:
    """The layers of a base image, lowest first. The image itself may have been removed since the build began, which keeps
    its layers here."""
    found = [rows.layer(diff_id) for diff_id in images.diff_ids(image.config)]
    if None in found:
        raise Failed(f"layers of the base image {image.id} have gone from the store")
    return [layer for layer in found if layer is not None]


def write(found: Draft, names: list[str]) -> ImageInfo:
    """Write the image down under its names."""
    return record(found.body, [*found.below, *found.own], names, kind=found.kind)


def gather(found: list[ImageInfo], names: list[str]) -> ImageInfo:
    """Let the names stand for one image on each of several platforms; the one that they mean on this machine. Failed when
    it was removed before the others were built."""
    ids = [image.id for image in found]
    chosen = found[0].id
    for image in found:
        if platforms.matches({"os": image.os, "architecture": image.architecture}):
            chosen = image.id
            break
    with db.transaction() as database:
        if rows.get(chosen) is None:
            raise Failed(f"image {chosen} was removed while others were built")
        for name in names:
            rows.tag(database, name, chosen)
            rows.set_index(database, name, ids)
        result = images.info(chosen)
    for name in names:
        journal.append("image", "tag", chosen, {"name": reference.familiar(name)})
    return result
