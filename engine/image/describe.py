"""The manifest of an image: the one it came with while all its blobs are here, else one made of what is here."""

from __future__ import annotations

import json
from typing import Any

from engine.image.blobs import BlobStore
from engine.state import images as rows
from engine.state.images import ImageRow, LayerRow, ManifestRow

CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def kept(image: ImageRow, blobs: BlobStore) -> ManifestRow | None:
    """A manifest that the image came with and that still holds; None when there is none."""
    for found in rows.manifests(image.id):
        if all(blobs.has(layer["digest"]) for layer in json.loads(found.body)["layers"]):
            return found
    return None


def manifest(image: ImageRow, layers: list[LayerRow]) -> bytes:
    """An OCI manifest; the same image has always the same bytes. ``layers`` lowest first."""
    return encoded(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": CONFIG,
                "digest": image.id,
                "size": len(image.config.encode()),
            },
            "layers": [
                {"mediaType": layer.media_type, "digest": layer.blob, "size": layer.blob_size}
                for layer in layers
            ],
        }
    )


def encoded(value: Any) -> bytes:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":")).encode()
