"""Images out of archives and into them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from engine import images, paths
from engine.image import digest as digests
from engine.image import reference
from engine.snapshot.store import STORE_LOCK, LayerStore
from engine.state import images as rows
from engine.state import locks
from schemas.errors import Unsupported
from schemas.records import ImageInfo, Progress

if TYPE_CHECKING:
    from schemas.engine import Sink


def load(path: str, *, sink: Sink) -> list[ImageInfo]:
    """Load a ``docker save`` or OCI archive ("-": standard input); its images in its order, with the names it gives."""
    from engine.image.archive import Archive
    from engine.image.manifest import images as sources
    from engine.image.record import bring_layer, record_image

    with locks.shared(STORE_LOCK), Archive(path) as archive:
        loaded = []
        for source in sources(archive):
            stack = [bring_layer(archive, layer, sink) for layer in source.layers]
            image = record_image(source.id, source.config, stack, source.names)
            loaded.append(image._replace(tags=tuple(map(reference.familiar, source.names))))
    return loaded


def import_rootfs(
    path: str, text: str, *, changes: list[str], message: str = "", sink: Sink
) -> ImageInfo:
    """Make a one-layer image of a root filesystem tar (plain, gzip or zstd; "-": standard input)."""
    from engine.image import config as configs
    from engine.image.archive import open_input, read_chunks
    from engine.image.blobs import BlobStore
    from engine.image.layers import bring
    from engine.image.record import record_image

    name = reference.tag_name(text) if text else ""
    configs.apply_changes({}, changes)  # a wrong one must fail before the work
    root = paths.root()
    shown = "standard input" if path == "-" else os.path.basename(path)
    fd = open_input(path)
    try:
        with locks.shared(STORE_LOCK):
            sink(Progress(f"Image {text or shown}", "Importing", "working"))
            layer = bring(BlobStore(root), LayerStore(root), read_chunks(fd))
            document = configs.imported(
                layer.diff_id,
                created=time.time(),
                changes=changes,
                comment=message or f"Imported from {shown}",
            )
            body = configs.encode(document)
            id = digests.of(body.encode())
            image = record_image(id, body, [layer], [name] if name else [])
    finally:
        os.close(fd)
    sink(Progress(f"Image {text or shown}", "Imported", "done"))
    return image


def save(references: list[str], path: str) -> None:
    """Write an archive that ``docker load`` and OCI tools take; "-" is standard output."""
    from engine.image.blobs import BlobStore
    from engine.image.save import SavedImage, write

    chosen: dict[str, SavedImage] = {}
    with locks.shared(STORE_LOCK):
        for text in references:
            id = images.find(text)
            row = rows.get(id) if id else None
            if row is None:
                raise images.no_such_image(text)
            if row.kind == "host":
                raise Unsupported("pycompose/host is a view of this host and cannot be saved")
            name = reference.full(text)
            names = [name] if name and rows.by_tag(name) == row.id and "@" not in name else []
            before = chosen.get(row.id)
            names = sorted({*(before.names if before else ()), *names})
            chosen[row.id] = SavedImage(row, rows.layers(row.id), names)
        write(list(chosen.values()), path, BlobStore(paths.root()))
