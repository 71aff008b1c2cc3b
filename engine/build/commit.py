"""A stage's outcome becomes an image: snapshots are layers from then on, and the config names them.

A layer's tar is written while later steps still run (``Committer.layer`` may be called early). Its directory stays where it
is: the layer store gets a link to it.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from engine import images, paths
from engine.build import store
from engine.build.steps import StagePlan
from engine.image import config as configs
from engine.image import digest as digests
from engine.image.blobs import BlobStore
from engine.snapshot.store import LayerStore
from engine.state import images as rows
from engine.state import locks
from engine.state.images import LayerRow
from schemas.records import ImageInfo


class Committer:
    """Makes layers of snapshots, each once, in a thread of its own."""

    def __init__(self) -> None:
        self._layers: dict[str, LayerRow] = {}
        self._errors: dict[str, BaseException] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def begin(self, snapshot: str, below: str | None) -> None:
        """Have the layer made unless it is there; ``below`` is the directory under it, "" or None for none."""
        with self._lock:
            if snapshot in self._threads or snapshot in self._layers:
                return
            known = _known(snapshot)
            if known is not None:
                self._layers[snapshot] = known
                return
            thread = threading.Thread(target=self._make, args=(snapshot, below), daemon=True)
            self._threads[snapshot] = thread
        thread.start()

    def layer(self, snapshot: str) -> LayerRow:
        """The layer of a snapshot that was begun."""
        if snapshot in self._threads:
            self._threads[snapshot].join()
        if snapshot in self._errors:
            raise self._errors[snapshot]
        return self._layers[snapshot]

    def join(self) -> None:
        for thread in list(self._threads.values()):
            thread.join()

    def _make(self, snapshot: str, below: str | None) -> None:
        try:
            self._layers[snapshot] = _layer(snapshot, below)
        except BaseException as err:  # noqa: BLE001 - raised again by who waits
            self._errors[snapshot] = err


def _known(snapshot: str) -> LayerRow | None:
    """The layer that a snapshot has become before, all of it there."""
    try:
        with open(_about(snapshot), encoding="utf-8") as file:
            known = LayerRow(*json.load(file))
    except (FileNotFoundError, ValueError):
        return None
    if not BlobStore(paths.root()).has(known.blob):
        return None
    if not LayerStore(paths.root()).has(known.diff_id):
        _link(known.diff_id, snapshot)
    return known


def _about(snapshot: str) -> str:
    return f"{os.path.dirname(store.path(snapshot))}/layer.json"


def _layer(snapshot: str, below: str | None) -> LayerRow:
    found = _write(snapshot, below)
    _link(found.diff_id, snapshot)
    about = _about(snapshot)
    with open(f"{about}.part", "w", encoding="utf-8") as file:
        json.dump(found, file)
    os.rename(f"{about}.part", about)
    return found


def _write(snapshot: str, below: str | None) -> LayerRow:
    from engine.image.layers import MEDIA_TYPES
    from engine.sizes import tree_size
    from engine.snapshot import diff

    directory = store.path(snapshot)
    with BlobStore(paths.root()).ingest() as ingest:
        for chunk in _joined(diff.pack(directory, root=_root_differs(directory, below))):
            ingest.write(chunk)
        digest = ingest.commit()
        size = ingest.size
    return LayerRow(digest, digest, MEDIA_TYPES["none"], size, tree_size(directory))


def _joined(chunks: Any) -> Any:
    """Small pieces put together: a write for each header would cost more than the headers."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= 1 << 18:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _root_differs(directory: str, below: str | None) -> bool:
    """Whether the layer changes the attributes of the root directory itself."""
    found = os.stat(directory)
    mine = (found.st_mode & 0o7777, found.st_uid, found.st_gid)
    if not below:
        return mine != (0o755, 0, 0)
    other = os.stat(below)
    return mine != (other.st_mode & 0o7777, other.st_uid, other.st_gid)


def _link(diff_id: str, snapshot: str) -> None:
    """Let the layer store find the directory, unless it has the same layer already."""
    layers = LayerStore(paths.root())
    with locks.exclusive(f"layer-{digests.hex_part(diff_id)[:2]}"):
        path = layers.path(diff_id)
        if os.path.isdir(path):
            return
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.urandom(4).hex()}"
        os.symlink(os.path.relpath(store.path(snapshot), os.path.dirname(path)), temporary)
        os.rename(temporary, path)


def document(
    plan: StagePlan,
    below: list[str],
    layers: list[LayerRow],
    times: tuple[float, ...],
    *,
    inherited: int,
) -> dict[str, Any]:
    """The image config of a stage: ``below`` are the diff ids of its base image, ``layers`` and ``times`` its own, lowest
    first. Pure."""
    found: dict[str, Any] = json.loads(json.dumps(plan.config))
    history = found["history"]
    new = iter(times)
    # Entries of layers have the time their layer was made, also those of the stages below.
    for entry in history[inherited:]:
        if not entry.get("empty_layer"):
            moment = next(new, None)
            if moment is not None and "created" not in entry:
                entry["created"] = configs.rfc3339(moment)
    _fill_times(history)
    found["rootfs"] = {"type": "layers", "diff_ids": [*below, *(layer.diff_id for layer in layers)]}
    created = next((entry["created"] for entry in reversed(history) if entry.get("created")), None)
    if created is not None:
        found["created"] = created
    found["config"] = {
        key: value for key, value in found["config"].items() if value not in (None, {})
    }
    return found


def _fill_times(history: list[dict[str, Any]]) -> None:
    """An entry without a layer has the time of the layer before it; the first ones that of the first new layer."""
    current: str | None = None
    waiting = False
    for entry in history:
        if entry.get("created"):
            current = entry["created"]
            if waiting:
                break
        else:
            waiting = True
    waiting = False
    for entry in history:
        if entry.get("created"):
            if waiting:
                current = entry["created"]
        else:
            waiting = True
            if current is not None:
                entry["created"] = current


def record(
    body: dict[str, Any], stack: list[LayerRow], names: list[str], *, kind: str
) -> ImageInfo:
    """Write the image down under its names. Nothing is written when it is here under all of them."""
    text = configs.encode(body)
    id = digests.of(text.encode())
    if names and all(rows.only(name) == id for name in names):
        found = images.image(id)
        if found is not None:  # else it has been removed since
            return found
    from engine.image.record import record_image

    return record_image(id, text, stack, names, action="build", kind=kind)
