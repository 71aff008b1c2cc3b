"""Caches of ``cache_to``: the steps of a build and their layers, written into a registry or a directory."""

from __future__ import annotations

import time
from collections.abc import Iterator

from engine import paths
from engine.build import finishing
from engine.build.caches import INLINE_ARGUMENT, document, inline
from engine.build.caches import place as places
from engine.build.caches.document import Contents, Record
from engine.build.caches.place import CachePlace
from engine.build.commit import Committer
from engine.build.jobs import Outcome
from engine.build.reporting import Reporter
from engine.build.solver import Solver
from engine.build.store import Entry
from engine.image import digest as digests
from engine.image import reference
from engine.image.blobs import BlobStore
from engine.image.describe import MANIFEST, encoded
from engine.image.packing import pack
from engine.state import db
from engine.state import images as rows
from engine.state.images import LayerRow
from schemas.building import BuildSpec
from schemas.errors import EngineError, Failed

_CHUNK = 1 << 20


def wanted(spec: BuildSpec) -> list[CachePlace]:
    """The caches that are to be written. InvalidArgument, Unsupported."""
    found = [places.target(words) for words in spec.get("cache_to") or ()]
    if (spec.get("args") or {}).get(INLINE_ARGUMENT) in ("1", "true"):
        found.append(CachePlace("inline"))
    return found


class Collected:
    """What a build that has ended can give to caches."""

    def __init__(self, solver: Solver, outcome: Outcome, committer: Committer) -> None:
        self._solver = solver
        self._outcome = outcome
        self._committer = committer

    def contents(self, *, everything: bool) -> Contents:
        """The steps of the image, or all of them, with their layers. Those of the image alone are its own, lowest first."""
        if everything:
            return self._all()
        chain = self._outcome.chain
        layers = tuple(self._committer.layer(snapshot) for snapshot in reversed(chain))
        records = [
            _record(keys, entry, tuple(range(len(entry.chain) - 1, -1, -1)))
            for _, keys, entry in self._solver.entries()
            if entry.chain == chain[len(chain) - len(entry.chain) :]
        ]
        return Contents(layers, tuple(records))

    def _all(self) -> Contents:
        found = self._solver.entries()
        for plan, _, entry in found:
            finishing.begin_layers(self._committer, self._solver.restored(plan, entry))
        place: dict[str, int] = {}
        for _, _, entry in found:
            for snapshot in reversed(entry.chain):
                place.setdefault(snapshot, len(place))
        layers = tuple(map(self._committer.layer, place))
        records = [
            _record(keys, entry, tuple(place[snapshot] for snapshot in entry.chain))
            for _, keys, entry in found
        ]
        return Contents(layers, tuple(records))


def _record(keys: tuple[str, ...], entry: Entry, chain: tuple[int, ...]) -> Record:
    return Record(keys, entry.content, chain, entry.times, entry.title, entry.layer)


class Exports:
    """The caches that one build writes."""

    def __init__(self, places: list[CachePlace], collected: Collected, reporter: Reporter) -> None:
        self._places = places
        self._collected = collected
        self._reporter = reporter

    def put(self, made: finishing.Draft) -> None:
        """Write the inline one into the image's config."""
        if any(each.type == "inline" for each in self._places):
            inline.put(made.body, made.below, self._collected)

    def export(self) -> None:
        """Write the others."""
        for each in self._places:
            if each.type != "inline":
                _export(each, self._collected, self._reporter)


def _export(place: CachePlace, collected: Collected, reporter: Reporter) -> None:
    """Write a cache. Raises what registries and files do, unless that is to be ignored."""
    title = f"exporting cache to {place.type} {place}"
    reporter.aside(title, "start")
    began = time.monotonic()
    try:
        contents = collected.contents(everything=place.everything)
        if place.compression == "gzip":
            contents = contents._replace(layers=_packed(contents.layers))
        _write(place, contents)
    except (EngineError, OSError) as err:
        words = err.message if isinstance(err, EngineError) else str(err)
        reporter.aside(title, "error", words.encode(), seconds=time.monotonic() - began)
        if place.ignore_error:
            return
        if isinstance(err, EngineError):
            raise
        raise Failed(f"{title}: {err.filename or place}: {err.strerror}") from err
    reporter.aside(title, "done", seconds=time.monotonic() - began)


def _packed(layers: tuple[LayerRow, ...]) -> tuple[LayerRow, ...]:
    blobs = BlobStore(paths.root())
    found = {}
    for row in dict.fromkeys(layers):
        plain = not row.media_type.endswith(("gzip", "zstd"))
        found[row] = pack(blobs, row) if plain else row
    with db.transaction() as database:
        for row in found.values():
            rows.replace_blob(database, row)
    return tuple(found[row] for row in layers)


def _write(place: CachePlace, contents: Contents) -> None:
    config = encoded(document.encode(contents))
    layers = list({row.blob: row for row in contents.layers}.values())
    manifest = encoded(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": document.CONFIG,
                "digest": digests.of(config),
                "size": len(config),
            },
            "layers": [
                {"mediaType": row.media_type, "digest": row.blob, "size": row.blob_size}
                for row in layers
            ],
        }
    )
    if place.type == "local":
        from engine.build.caches import layout

        layout.write(place, manifest, config, layers)
    else:
        _push(place, manifest, config, layers)


def _push(place: CachePlace, manifest: bytes, config: bytes, layers: list[LayerRow]) -> None:
    from engine.image.registry import parallel
    from engine.image.registry.client import Repository, Wanted, first_that_answers
    from engine.image.registry.manifests import Descriptor
    from engine.image.registry.resolve import repositories
    from engine.image.registry.upload import upload

    wanted = reference.parse(place.where)

    def send(repository: Repository) -> Repository:
        blob = Descriptor(document.CONFIG, digests.of(config), len(config))
        upload(repository, blob, lambda offset: iter((config[offset:],)), sources=[])
        return repository

    repository = first_that_answers(repositories(wanted, writes=True), send)
    blobs = BlobStore(paths.root())

    def work(row: LayerRow) -> None:
        blob = Descriptor(row.media_type, row.blob, row.blob_size)
        upload(repository, blob, lambda offset: _from(blobs.path(row.blob), offset), sources=[])

    try:
        parallel.each(layers, work, limit=4, abort=repository.close)
        repository.ask(
            Wanted(
                "PUT",
                f"manifests/{wanted.tag}",
                f"{repository.path} (manifest)",
                {"Content-Type": MANIFEST},
                (200, 201),
                manifest,
            )
        )
    finally:
        repository.close()


def _from(path: str, offset: int) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        while data := file.read(_CHUNK):
            yield data
