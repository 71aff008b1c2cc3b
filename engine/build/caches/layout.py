"""A cache written into an OCI layout directory (OCI image spec, image-layout.md): blobs first, the index last."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

from engine import paths
from engine.build.caches.place import CachePlace
from engine.image import digest as digests
from engine.image.blobs import BlobStore
from engine.image.describe import MANIFEST, encoded
from engine.state.images import LayerRow

_INDEX = "application/vnd.oci.image.index.v1+json"
_NAME = "org.opencontainers.image.ref.name"


def write(place: CachePlace, manifest: bytes, config: bytes, layers: list[LayerRow]) -> None:
    """Put the cache under its tag into the directory; what other tags name stays. OSError."""
    directory = f"{place.where}/blobs/sha256"
    os.makedirs(directory, exist_ok=True)
    blobs = BlobStore(paths.root())
    for row in layers:
        path = f"{directory}/{digests.hex_part(row.blob)}"
        if not os.path.exists(path):
            temporary = f"{path}.{os.urandom(4).hex()}"
            shutil.copyfile(blobs.path(row.blob), temporary)
            os.rename(temporary, path)
    for data in (config, manifest):
        _put(f"{directory}/{digests.hex_part(digests.of(data))}", data)
    _put(f"{place.where}/oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    entry = {
        "mediaType": MANIFEST,
        "digest": digests.of(manifest),
        "size": len(manifest),
        "annotations": {_NAME: place.tag},
    }
    others = [each for each in _entries(place.where) if _tag(each) != place.tag]
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [*others, entry]}
    _put(f"{place.where}/index.json", encoded(index))


def _put(path: str, data: bytes) -> None:
    temporary = f"{path}.{os.urandom(4).hex()}"
    with open(temporary, "wb") as file:
        file.write(data)
    os.rename(temporary, path)


def _entries(directory: str) -> list[Any]:
    try:
        with open(f"{directory}/index.json", "rb") as file:
            found = json.load(file).get("manifests")
    except (FileNotFoundError, ValueError, AttributeError):
        return []
    return found if isinstance(found, list) else []


def _tag(entry: Any) -> str:
    notes = entry.get("annotations") if isinstance(entry, dict) else None
    return str((notes or {}).get(_NAME, ""))
