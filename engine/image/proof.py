"""Whether what was stored has reached the disk. Nobody waits for that when an image is brought: it takes longer than all the
rest, and matters only if the power fails.

A layer's row says during which boot it was brought, until it is known to be safe. A later command of the same boot finds that
out when little is left to be written anyway (``settle``). What is still unknown when the machine has been started anew is made
again from its blob, whose digest tells whether it is whole; an image of which nothing whole is left is forgotten, and pulled
or built again like one that never was here (``verify``). So a power cut costs time, and never gives a file without content.
"""

from __future__ import annotations

import ctypes
import os
import time

from engine import paths
from engine.state import boot, db, journal
from engine.state import images as rows

_LITTLE = 16 << 10  # kB waiting to be written on the whole machine
_MARK = "proven"  # its time: what was made before is on the disk


def settle() -> None:
    """See that what was brought is safe, unless that would take long. Cheap when there is nothing to do."""
    waiting = [layer.diff_id for layer, when in rows.unproven() if when == boot.id()]
    if waiting and _to_be_written() <= _LITTLE:
        _prove(waiting)


def doubtful() -> list[rows.LayerRow]:
    """The layers that an earlier boot may have left half written."""
    return [layer for layer, when in rows.unproven() if when != boot.id()]


def verify() -> None:
    """Make anew what an earlier boot may have left half written. The caller holds the store's lock alone, and nothing runs
    on the layers yet."""
    from engine import images
    from engine.build import pruning
    from engine.image.blobs import BlobStore
    from engine.image.layers import adopt, is_whole
    from engine.snapshot.store import LayerStore

    found = doubtful()
    since = _proven()
    pruning.forget_since(since, boot.started())
    if not found:
        return
    root = paths.root()
    layers, blobs = LayerStore(root), BlobStore(root)
    for layer in found:
        layers.remove(layer.diff_id)
        if adopt(blobs, layers, layer.blob, layer.diff_id) is None:
            _lose(layer.diff_id)
    # Others are named by manifests only.
    for digest in {*blobs.digests()} - {layer.blob for layer in found}:
        if os.stat(blobs.path(digest)).st_mtime >= since and not is_whole(blobs, digest):
            blobs.remove(digest)
    _prove([layer.diff_id for layer in found])
    images.forget()


def _lose(diff_id: str) -> None:
    """Forget the images with a layer that cannot be made again."""
    with db.transaction() as database:
        lost = rows.with_layer(diff_id)
        for id in lost:
            rows.delete(database, id)
    for id in lost:
        journal.append("image", "delete", id, {"name": id})


def _prove(diff_ids: list[str]) -> None:
    root = paths.root()
    begun = time.time()
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        ctypes.CDLL(None).syncfs(fd)
    finally:
        os.close(fd)
    with db.transaction() as database:
        rows.prove(database, diff_ids)
    os.close(os.open(f"{root}/{_MARK}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    os.utime(f"{root}/{_MARK}", (begun, begun))


def _proven() -> float:
    try:
        return os.stat(f"{paths.root()}/{_MARK}").st_mtime
    except FileNotFoundError:
        return 0.0


def _to_be_written() -> int:
    """kB of files that are in memory only (proc(5), meminfo)."""
    with open("/proc/meminfo") as file:
        lines = [line.split() for line in file]
    return sum(int(words[1]) for words in lines if words[0] in ("Dirty:", "Writeback:"))
