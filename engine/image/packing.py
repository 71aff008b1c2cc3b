"""Compress a layer that came plain: what travels is gzip, as every registry and engine takes it."""

from __future__ import annotations

import importlib
from typing import Any

from engine.image.blobs import BlobStore
from engine.image.layers import MEDIA_TYPES
from engine.state.images import LayerRow

_CHUNK = 1 << 20
_GZIP_WBITS = 31  # zlib.h: 16 + MAX_WBITS writes a gzip header, without name and time
_LEVELS = (("isal.isal_zlib", 2), ("zlib", 6))


def pack(blobs: BlobStore, layer: LayerRow) -> LayerRow:
    """The layer with a gzip blob, which is in the store then. The same content gives the same blob."""
    module, level = _compressor()
    packer = module.compressobj(level=level, wbits=_GZIP_WBITS)
    with blobs.ingest() as ingest, open(blobs.path(layer.blob), "rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            ingest.write(packer.compress(data))
        ingest.write(packer.flush())
        digest = ingest.commit()
    return layer._replace(blob=digest, media_type=MEDIA_TYPES["gzip"], blob_size=ingest.size)


def _compressor() -> tuple[Any, int]:
    """isal, five times as fast, where it is installed."""
    for name, level in _LEVELS:
        try:
            return importlib.import_module(name), level
        except ImportError:
            continue
    raise AssertionError("Python has zlib")
