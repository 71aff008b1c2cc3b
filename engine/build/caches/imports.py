"""Caches of ``cache_from``: looked into when this machine's own cache knows nothing, the layers brought when they are hit.

Nothing is asked for while everything is known here. A cache that cannot be read is told of, and does not end a build.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine import paths
from engine.build import store
from engine.build.caches import place as places
from engine.build.caches import shelves
from engine.build.caches.document import Record
from engine.build.caches.place import CachePlace
from engine.build.reporting import Reporter
from engine.build.store import Entry
from engine.image.blobs import BlobStore
from engine.image.layers import bring
from engine.image.platform import Platform
from engine.snapshot.store import LayerStore
from engine.state import images as rows
from engine.state.images import LayerRow
from schemas.building import BuildSpec
from schemas.errors import EngineError


class _Source:
    """One cache: opened at the first question."""

    def __init__(self, title: str, open: Callable[[], shelves.Shelf | None]) -> None:
        self.title = title
        self._open = open
        self.shelf: shelves.Shelf | None = None
        self.by_key: dict[str, Record] = {}
        self._opened = False

    def read(self, reporter: Reporter) -> None:
        if self._opened:
            return
        self._opened = True
        began = time.monotonic()
        try:
            self.shelf = self._open()
        except EngineError as err:
            reporter.aside(self.title, "error", err.message.encode())
            return
        if self.shelf is None:
            return
        for record in self.shelf.contents.records:
            for key in record.keys:
                self.by_key[key] = record
        reporter.aside(self.title, "done", seconds=time.monotonic() - began)


class Imports:
    """The caches that one build may look into. InvalidArgument and Unsupported for places that make no sense."""

    def __init__(self, spec: BuildSpec, platform: Platform, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = threading.Lock()
        self._sources: list[_Source] = []
        for words in spec.get("cache_from") or ():
            self._sources += _sources(places.source(words), platform)

    def close(self) -> None:
        """End connections."""
        for source in self._sources:
            if source.shelf is not None:
                source.shelf.close()

    def find(self, key: str, *, whole: bool) -> Entry | None:
        """The outcome that ``key`` leads to, its layers brought here: all of them, or the top one alone. None when no cache
        knows it."""
        with self._lock:
            for source in self._sources:
                source.read(self._reporter)
                record = source.by_key.get(key)
                if record is None or source.shelf is None:
                    continue
                try:
                    return self._bring(source, source.shelf, record, whole=whole)
                except EngineError as err:
                    self._reporter.aside(source.title, "error", err.message.encode())
                    source.by_key = {}  # it is asked no more
        return None

    def _bring(
        self, source: _Source, shelf: shelves.Shelf, record: Record, *, whole: bool
    ) -> Entry:
        layers = shelf.contents.layers
        chain = record.chain if whole else record.chain[:1]
        ids = tuple(_snapshot(shelf, layers[index]) for index in chain)
        if not whole:
            return Entry(record.content, ids, record.times[-1:], record.title)
        # What lies below is known from now on, too.
        length = len(record.chain)
        for each in source.by_key.values():
            if each.chain == record.chain[length - len(each.chain) :]:
                below = ids[length - len(each.chain) :]
                entry = Entry(each.content, below, each.times, each.title, each.layer)
                store.remember(each.keys, entry)
        return Entry(record.content, ids, record.times, record.title, record.layer)


def _sources(place: CachePlace, platform: Platform) -> list[_Source]:
    title = f"importing cache manifest from {place}"
    if place.type == "local":
        return [_Source(title, lambda: shelves.Directory(place))]
    return [
        _Source(f"importing cache of image {place}", lambda: shelves.kept(place)),
        _Source(title, lambda: shelves.Remote(place, platform)),
    ]


def _snapshot(shelf: shelves.Shelf, layer: LayerRow) -> str:
    """The snapshot that is a layer of the cache, brought unless it is here."""
    id = store.imported(layer.diff_id)
    if store.has(id):
        return id
    root = paths.root()
    blobs, layers = BlobStore(root), LayerStore(root)
    known = rows.layer(layer.diff_id) or layer
    if not layers.has(layer.diff_id):
        chunks = shelf.chunks(layer)
        known = bring(blobs, layers, chunks, blob=layer.blob, diff_id=layer.diff_id)
    store.adopt(id, layers.path(layer.diff_id), known)
    return id
