"""Push an image: layers side by side, then the config, then the manifest under its tag.

An image that came with a manifest leaves with the same bytes of it, and so has the same digest everywhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from engine import paths
from engine.image import describe
from engine.image import digest as digests
from engine.image import reference as references
from engine.image.blobs import BlobStore
from engine.image.packing import pack
from engine.image.reference import Reference
from engine.image.registry import manifests, parallel
from engine.image.registry.client import Repository, Wanted, first_that_answers
from engine.image.registry.manifests import Descriptor
from engine.image.registry.resolve import repositories
from engine.image.registry.upload import Outcome, upload
from engine.snapshot.store import STORE_LOCK
from engine.state import db, locks
from engine.state import images as rows
from schemas.engine import Sink
from schemas.errors import Failed, InvalidArgument, NotFound, Unsupported
from schemas.records import Progress
from schemas.typed import NamedTuple

LAYERS_AT_ONCE = 4
_SOURCES = 3  # repositories that are tried for a mount
_REPORT_SECONDS = 0.05
_CHUNK = 1 << 20


class _Layer(NamedTuple):
    row: rows.LayerRow
    blob: Descriptor

    @property
    def short(self) -> str:
        return digests.hex_part(self.row.diff_id)[:12]


def push(reference: Reference, sink: Sink) -> str:
    """Push what ``reference`` means here to where it says; the digest it has there. Raises NotFound for an image that is not
    here, Unauthorized, Unavailable, Unsupported, InvalidArgument, Failed."""
    image = _image(reference)
    blobs = BlobStore(paths.root())
    sink(_line(f"The push refers to repository [{references.familiar(reference.name)}]"))
    with locks.shared(STORE_LOCK):
        several = [_member(id, reference) for id in rows.index(str(reference))]
        described = [_described(each, blobs, sink) for each in several or (image,)]
        repository = first_that_answers(repositories(reference, writes=True), _greeted)
        try:
            for each, (document, layers) in zip(several or (image,), described, strict=True):
                _push_image(repository, reference, each, layers, blobs, sink)
                name = document.digest if several else reference.tag
                _put_manifest(repository, name, document)
            top = described[0][0]
            if several:
                top = _index(list(zip(several, (one for one, _ in described), strict=True)))
                _put_manifest(repository, reference.tag, top)
        finally:
            repository.close()
        with db.transaction() as database:
            for document, _ in described:
                rows.insert_manifest(database, document)
                rows.tag(database, f"{reference.name}@{document.digest}", document.image_id)
    size = len(top.body.encode())
    sink(_line(f"{reference.tag}: digest: {top.digest} size: {size}"))
    return top.digest


def _push_image(
    repository: Repository,
    reference: Reference,
    image: rows.ImageRow,
    layers: list[_Layer],
    blobs: BlobStore,
    sink: Sink,
) -> None:
    """Everything of an image but its manifest."""
    _push_layers(repository, reference, layers, blobs, sink)
    config = image.config.encode()
    upload(
        repository,
        Descriptor("", image.id, len(config)),
        lambda offset: iter((config[offset:],)),
        sources=[],
    )


def _member(id: str, reference: Reference) -> rows.ImageRow:
    """One of the images that a name stands for on several platforms."""
    found = rows.get(id)
    if found is None:
        raise NotFound(
            f"{references.familiar(str(reference))}: the image of another platform has been removed",
            hint="build it for all its platforms again",
        )
    return found


def _index(images: list[tuple[rows.ImageRow, rows.ManifestRow]]) -> rows.ManifestRow:
    """The index over images of several platforms (OCI image spec, image-index.md)."""
    entries = []
    for image, document in images:
        words = {"os": image.os, "architecture": image.architecture}
        variant = json.loads(image.config).get("variant")
        entries.append(
            {
                "mediaType": document.media_type,
                "digest": document.digest,
                "size": len(document.body.encode()),
                "platform": {**words, "variant": variant} if variant else words,
            }
        )
    value = {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": entries}
    body = describe.encoded(value)
    return rows.ManifestRow(digests.of(body), "", manifests.OCI_INDEX, body.decode())


def _image(reference: Reference) -> rows.ImageRow:
    if reference.digest:
        raise InvalidArgument("cannot push a digest reference")
    id = rows.by_tag(str(reference))
    image = rows.get(id) if id else None
    if image is None:
        name = references.familiar(reference.name)
        raise NotFound(f"An image does not exist locally with the tag: {name}")
    if image.kind == "host":
        raise Unsupported("pycompose/host is a view of this host and cannot be pushed")
    return image


def _line(text: str) -> Progress:
    """What is said of the image as a whole."""
    return Progress("", text, "done")


def _greeted(repository: Repository) -> Repository:
    """The repository, once somebody has answered there. What it answers does not matter yet."""
    repository.ask(
        Wanted("GET", f"{repository.place.url}/v2/", "the API", accept=(200, 401, 403, 404))
    )
    return repository


def _described(
    image: rows.ImageRow, blobs: BlobStore, sink: Sink
) -> tuple[rows.ManifestRow, list[_Layer]]:
    """The manifest, and each layer once with the blob that the manifest names."""
    stack = rows.layers(image.id)
    found = describe.kept(image, blobs)
    if found is None:
        stack = _packed(stack, blobs, sink)
        body = describe.manifest(image, stack)
        found = rows.ManifestRow(digests.of(body), image.id, describe.MANIFEST, body.decode())
    document = manifests.Document(found.media_type, found.digest, found.body.encode())
    named = manifests.manifest(document).layers
    pairs = [_Layer(row, blob) for row, blob in zip(stack, named, strict=True)]
    return found, list({layer.blob.digest: layer for layer in pairs}.values())


def _packed(stack: list[rows.LayerRow], blobs: BlobStore, sink: Sink) -> list[rows.LayerRow]:
    """The layers as they travel: plain ones (of an archive) are compressed, once and for all."""
    found: dict[str, rows.LayerRow] = {}

    def work(row: rows.LayerRow) -> None:
        short = digests.hex_part(row.diff_id)[:12]
        sink(Progress(short, "Preparing", "working"))
        found[row.diff_id] = pack(blobs, row)

    plain = {row.diff_id: row for row in stack if not row.media_type.endswith(("gzip", "zstd"))}
    parallel.each(list(plain.values()), work, limit=LAYERS_AT_ONCE, abort=lambda: None)
    with db.transaction() as database:
        for row in found.values():
            rows.replace_blob(database, row)
    return [found.get(row.diff_id, row) for row in stack]


def _push_layers(
    repository: Repository,
    reference: Reference,
    layers: list[_Layer],
    blobs: BlobStore,
    sink: Sink,
) -> None:
    # What the database knows is read before the threads begin, each of which would open it anew.
    sources = {layer: _sources(layer, reference) for layer in layers}
    for layer in layers:
        sink(Progress(layer.short, "Preparing", "working"))

    def work(layer: _Layer) -> None:
        content = _Content(layer, blobs.path(layer.blob.digest), sink)
        outcome = upload(repository, layer.blob, content, sources=sources[layer])
        sink(Progress(layer.short, _word(outcome), "done"))

    try:
        parallel.each(layers, work, limit=LAYERS_AT_ONCE, abort=repository.close)
    except OSError as err:
        raise Failed(f"cannot read the layers below {paths.root()}: {err.strerror}") from err


def _word(outcome: Outcome) -> str:
    words = {"exists": "Layer already exists", "pushed": "Pushed"}
    return words.get(outcome.state) or f"Mounted from {outcome.source}"


def _sources(layer: _Layer, reference: Reference) -> list[str]:
    """Other repositories of the same registry that are known to hold the layer."""
    start = f"{reference.domain}/"
    names = [
        name.removeprefix(start)
        for name in rows.repositories(layer.row.diff_id)
        if name.startswith(start)
    ]
    return [name for name in names if name != reference.path][:_SOURCES]


class _Content:
    """The bytes of a layer's blob from an offset on, and how many have gone."""

    def __init__(self, layer: _Layer, path: str, sink: Sink) -> None:
        self._layer = layer
        self._path = path
        self._sink = sink

    def __call__(self, offset: int) -> Iterator[bytes]:
        total = self._layer.blob.size
        later = 0.0
        with open(self._path, "rb", buffering=0) as file:
            file.seek(offset)
            while data := file.read(_CHUNK):
                yield data
                offset += len(data)
                now = time.monotonic()
                if now >= later:
                    later = now + _REPORT_SECONDS
                    self._sink(
                        Progress(
                            self._layer.short, "Pushing", "working", current=offset, total=total
                        )
                    )


def _put_manifest(repository: Repository, tag: str, document: rows.ManifestRow) -> None:
    """Failed when the registry has kept something else."""
    answer = repository.ask(
        Wanted(
            "PUT",
            f"manifests/{tag}",
            f"{repository.path} (manifest)",
            {"Content-Type": document.media_type},
            (200, 201),
            document.body.encode(),
        )
    )
    said = answer.headers.get("docker-content-digest", document.digest)
    if said != document.digest:
        raise Failed(f"the registry calls the manifest {said}, but it is {document.digest}")
