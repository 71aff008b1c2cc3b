"""Bring the layers of an image into the store, and record the image when they are safely there."""

from __future__ import annotations

import json

from engine import images, paths
from engine.image import config as configs
from engine.image import digest as digests
from engine.image import host, reference
from engine.image.archive import Members
from engine.image.blobs import BlobStore
from engine.image.layers import bring
from engine.image.manifest import LayerSource
from engine.snapshot.store import LayerStore
from engine.state import db, journal, reserve
from engine.state import images as rows
from schemas.engine import Sink
from schemas.errors import Conflict
from schemas.records import ImageInfo, Progress


def bring_layer(archive: Members, layer: LayerSource, sink: Sink) -> rows.LayerRow:
    """Store one layer of an archive unless it is here already."""
    root = paths.root()
    blobs, store = BlobStore(root), LayerStore(root)
    short = digests.hex_part(layer.diff_id)[:12]
    known = rows.layer(layer.diff_id)
    if known and store.has(known.diff_id) and blobs.has(known.blob):
        return known
    total, done = archive.size(layer.member), 0

    def seen(size: int) -> None:
        nonlocal done
        done += size
        sink(Progress(f"Layer {short}", "Loading", "working", current=done, total=total))

    row = bring(
        blobs,
        store,
        archive.chunks(layer.member),
        blob=layer.blob,
        diff_id=layer.diff_id,
        seen=seen,
    )
    sink(Progress(f"Layer {short}", "Loaded", "done", current=total, total=total))
    return row


def record_image(
    id: str,
    body: str,
    stack: list[rows.LayerRow],
    names: list[str],
    *,
    manifest: rows.ManifestRow | None = None,
    action: str = "load",
    kind: str = "layers",
) -> ImageInfo:
    """Say that an image is here: its layers are in the store, and from now on it has the ``names`` and no other image has.
    What it was at that moment: the next one, somebody may remove it.

    ``manifest``: how it was described where it came from. ``action``: what the event is called.
    ``kind`` "host": below its layers lies this host's own system.
    """
    document = json.loads(body)
    row = rows.ImageRow(
        id=id,
        kind=kind,
        config=body,
        created=configs.epoch(document.get("created") or ""),
        size=sum(layer.size for layer in stack),
        architecture=str(document.get("architecture", "")),
        os=str(document.get("os", "")),
    )
    for name in names:
        refuse_host(name)
    with db.transaction() as database:
        rows.insert(database, row, stack)
        if manifest:
            rows.insert_manifest(database, manifest)
        for name in names:
            rows.tag(database, name, id)
        recorded = images.info(id)
    reserve.renew()
    journal.append("image", action, id, {"name": ",".join(map(reference.familiar, names))})
    return recorded


def refuse_host(name: str) -> None:
    if name == host.NAME:
        raise Conflict("pycompose/host is built into the engine and cannot be replaced")
