"""The table of contents of a cache: which keys lead to which layers. As JSON, and what is sound of it. Pure.

    {"version": 1, "layers": [{diff_id, blob, media_type, blob_size, size}], "records": [{keys, content, layer, chain, times,
    title}]}

``chain`` are places in ``layers``, top first. Inside an image ``layers`` are left out: they are the image's own.
"""

from __future__ import annotations

from typing import Any

from engine.image import digest as digests
from engine.image import reference
from engine.state.images import LayerRow
from schemas.errors import Failed, InvalidArgument, Unsupported
from schemas.typed import NamedTuple

CONFIG = "application/vnd.pycompose.build.cache.v1+json"
INLINE = "pycompose.build.cache.v1"  # the key in an image's config
VERSION = 1
_KEY_LENGTH = 64


class Record(NamedTuple):
    """An outcome that ``keys`` lead to; the other fields as in ``store.Entry``, but ``chain`` of places in ``layers``."""

    keys: tuple[str, ...]
    content: str
    chain: tuple[int, ...]
    times: tuple[float, ...]
    title: str
    layer: str = ""


class Contents(NamedTuple):
    layers: tuple[LayerRow, ...]
    records: tuple[Record, ...]


def encode(found: Contents) -> dict[str, Any]:
    """As JSON."""
    return {
        "version": VERSION,
        "layers": [dict(zip(_LAYER, row, strict=True)) for row in found.layers],
        "records": records(found),
    }


def records(found: Contents) -> list[dict[str, Any]]:
    """The records alone."""
    return [dict(zip(_RECORD, record, strict=True)) for record in found.records]


def decode(document: Any, name: str, *, layers: tuple[LayerRow, ...] | None = None) -> Contents:
    """The contents of the cache ``name``; ``layers`` where it has none of its own. Unsupported for a version to come, Failed
    for what contradicts itself."""
    try:
        if document["version"] != VERSION:
            raise Unsupported(f"{name}: a cache of version {document['version']} cannot be read")
        if layers is None:
            layers = tuple(map(_layer, document["layers"]))
        found = tuple(_record(each, len(layers)) for each in document["records"])
    except (KeyError, TypeError, ValueError, AttributeError, InvalidArgument) as err:
        raise Failed(f"{name}: the cache's table of contents is damaged: {err}") from err
    return Contents(layers, found)


_LAYER = ("diff_id", "blob", "media_type", "blob_size", "size")
_RECORD = ("keys", "content", "chain", "times", "title", "layer")


def _layer(value: Any) -> LayerRow:
    diff_id, blob, media_type, *sizes = (value[key] for key in _LAYER)
    digests.hex_part(diff_id)
    digests.hex_part(blob)
    if not all(isinstance(size, int) and size >= 0 for size in sizes):
        raise ValueError(f"layer {diff_id} without a size")
    return LayerRow(diff_id, blob, str(media_type), *sizes)


def _record(value: Any, layers: int) -> Record:
    keys = tuple(map(_key, value["keys"]))
    chain = tuple(value["chain"])
    times = tuple(map(float, value["times"]))
    if not chain or len(chain) != len(times):
        raise ValueError("a record without layers, or without their times")
    if not all(isinstance(place, int) and 0 <= place < layers for place in chain):
        raise ValueError("a record of layers that are not there")
    layer = _key(value["layer"]) if value["layer"] else ""
    return Record(keys, _key(value["content"]), chain, times, str(value["title"]), layer)


def _key(text: Any) -> str:
    if not isinstance(text, str) or len(text) != _KEY_LENGTH or not reference.is_hex(text):
        raise ValueError(f"{text!r} is no key")
    return text
