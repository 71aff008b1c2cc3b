"""A cache inside an image: its config says which keys its own layers have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.build.caches import document
from engine.state.images import LayerRow

if TYPE_CHECKING:
    from engine.build.caches.exports import Collected


def put(body: dict[str, Any], below: list[LayerRow], collected: Collected) -> None:
    """Write the keys of the image's steps into its config ``body``; ``below`` are the layers of its base."""
    found = collected.contents(everything=False)
    # Places are counted from the image's lowest layer; a layer may be there twice.
    place = {index: len(below) + index for index in range(len(found.layers))}
    records = tuple(
        record._replace(chain=tuple(place[index] for index in record.chain))
        for record in found.records
    )
    body[document.INLINE] = {
        "version": document.VERSION,
        "records": document.records(document.Contents((), records)),
    }


def of(config: dict[str, Any], layers: tuple[LayerRow, ...], name: str) -> document.Contents | None:
    """The cache in an image's config, None when there is none. Failed, Unsupported."""
    found = config.get(document.INLINE)
    return document.decode(found, name, layers=layers) if found is not None else None
