"""How an image was made, step by step."""

from __future__ import annotations

from typing import Any

from engine import images
from engine.image import config as configs
from engine.state import images as rows
from schemas.usage import HistoryEntry


def history(text: str) -> list[HistoryEntry]:
    """The steps, newest first (OCI image spec, config.md, "history"); NotFound. The lowest layers of an image whose
    base has no history are steps of their own, of which nothing is known."""
    id = images.find(text)
    if id is None:
        raise images.no_such_image(text)
    info = images.info(id)
    sizes = [layer.size for layer in rows.layers(id)]
    steps = images.config(id).get("history") or []
    unknown = len(sizes) - sum(not step.get("empty_layer") for step in steps)
    steps = [{}] * unknown + steps
    found = [
        _entry(step, 0 if step.get("empty_layer") or not sizes else sizes.pop(0)) for step in steps
    ]
    found.reverse()
    if found:
        found[0] = found[0]._replace(id=id, tags=info.tags)
    return found


def _entry(step: dict[str, Any], size: int) -> HistoryEntry:
    return HistoryEntry(
        id="",
        tags=(),
        created=configs.epoch(step.get("created") or ""),
        created_by=str(step.get("created_by") or ""),
        size=size,
        comment=str(step.get("comment") or ""),
    )
