"""Pull an image: manifest, config, then its layers side by side, each unpacked while it is downloaded.

Nothing of an image is seen before all of it is here. What an earlier pull brought before it was killed is used, after its
digests have been checked again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from engine import paths
from engine.image import digest as digests
from engine.image import reference as references
from engine.image.blobs import BlobStore
from engine.image.layers import adopt, bring
from engine.image.platform import Platform, acceptable, native, normal, parse
from engine.image.record import record_image, refuse_host
from engine.image.reference import Reference
from engine.image.registry import download, manifests, parallel
from engine.image.registry.client import Repository
from engine.image.registry.manifests import Descriptor, Document
from engine.image.registry.resolve import get_document, repository_with
from engine.snapshot.store import STORE_LOCK, LayerStore
from engine.state import images as rows
from engine.state import locks
from schemas.engine import Sink
from schemas.errors import Failed, NotFound
from schemas.records import ImageInfo, Progress
from schemas.typed import NamedTuple

LAYERS_AT_ONCE = 4
_NESTING = 3  # indexes in indexes
_REPORT_SECONDS = 0.05


class _Layer(NamedTuple):
    blob: Descriptor
    diff_id: str

    @property
    def short(self) -> str:
        return digests.hex_part(self.blob.digest)[:12]


def pull(reference: Reference, platform: str, sink: Sink) -> ImageInfo:
    """Bring the image here and name it. Raises NotFound, Unauthorized, Unavailable, Unsupported, InvalidArgument, Failed."""
    name = references.familiar(str(reference))
    refuse_host(str(reference))
    wanted = parse(platform) if platform else native()
    repository, top = repository_with(reference)
    try:
        sink(_line(f"{reference.tag or name}: Pulling from {reference.path}"))
        document = _image_document(repository, top, wanted, name)
        manifest = manifests.manifest(document)
        manifests.check_layers(manifest, name)
        config = download.small(repository, manifest.config)
        layers = _layers(manifest, config, name)
        if platform:
            _check_platform(config, wanted, name)
        with locks.shared(STORE_LOCK):
            fresh = rows.get(manifest.config.digest) is None
            stack = _bring(repository, layers, sink, fresh=fresh)
            image = _record(reference, top, document, manifest.config.digest, config, stack)
    finally:
        repository.close()
    state = "Downloaded newer image" if fresh else "Image is up to date"
    sink(_line(f"Digest: {top.digest}"))
    sink(_line(f"Status: {state} for {name}"))
    return image


def _line(text: str) -> Progress:
    """What is said of the image as a whole."""
    return Progress("", text, "done")


def _image_document(
    repository: Repository, found: Document, wanted: Platform, name: str
) -> Document:
    """Follow indexes to the manifest for a platform."""
    for _ in range(_NESTING):
        if not found.is_index:
            return found
        choice = manifests.choose(found, acceptable(wanted), name)
        found = get_document(repository, choice.digest, name)
    raise Failed(f"{name}: indexes nested too deeply")


def _layers(manifest: manifests.Manifest, config: bytes, name: str) -> list[_Layer]:
    """The layers with the digests that their plain content must have."""
    try:
        diff_ids = json.loads(config)["rootfs"]["diff_ids"] or []
        config.decode()
        for diff_id in diff_ids:
            digests.hex_part(diff_id)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise Failed(f"{name}: the image's config has no rootfs.diff_ids") from err
    if len(diff_ids) != len(manifest.layers):
        raise Failed(
            f"{name} has {len(manifest.layers)} layers, but its config names {len(diff_ids)}"
        )
    return [_Layer(blob, diff_id) for blob, diff_id in zip(manifest.layers, diff_ids, strict=True)]


def _check_platform(config: bytes, wanted: Platform, name: str) -> None:
    """NotFound when a manifest without a choice is for another platform than the one that was asked for."""
    document: dict[str, Any] = json.loads(config)
    words = (document.get(key) or "" for key in ("os", "architecture", "variant"))
    actual = normal(*map(str, words))
    if actual not in acceptable(wanted):
        raise NotFound(
            f"image with reference {name} was found but does not match the specified platform:"
            f" wanted {wanted}, actual: {actual}"
        )


def _bring(
    repository: Repository, layers: list[_Layer], sink: Sink, *, fresh: bool
) -> list[rows.LayerRow]:
    """Every layer in the store; lowest first, as they came."""
    root = paths.root()
    blobs, store = BlobStore(root), LayerStore(root)
    known_blobs = rows.all_blobs()
    found: dict[_Layer, rows.LayerRow] = {}
    missing: list[_Layer] = []
    for layer in dict.fromkeys(layers):
        row = rows.layer(layer.diff_id)
        kept = layer.blob.digest in known_blobs and blobs.has(layer.blob.digest)
        if row and kept and store.has(layer.diff_id):
            found[layer] = row
            if fresh:
                sink(Progress(layer.short, "Already exists", "done"))
        else:
            missing.append(layer)
            sink(Progress(layer.short, "Pulling fs layer", "working"))

    def work(layer: _Layer) -> None:
        found[layer] = _one(repository, layer, blobs, store, sink)

    try:
        parallel.each(missing, work, limit=LAYERS_AT_ONCE, abort=repository.close)
    except OSError as err:
        raise Failed(f"cannot store the layers below {root}: {err.strerror}") from err
    return [found[layer] for layer in layers]


def _one(
    repository: Repository, layer: _Layer, blobs: BlobStore, store: LayerStore, sink: Sink
) -> rows.LayerRow:
    """Download and unpack a layer, unless another command is at it: then use what that one brings."""
    with _alone(repository, layer, sink):
        row = adopt(blobs, store, layer.blob.digest, layer.diff_id)
        if row is not None:
            sink(Progress(layer.short, "Already exists", "done"))
            return row
        seen = _Seen(layer, sink)
        # Closed: an error elsewhere (a full disk) leaves the download in the middle of a connection.
        with closing(download.chunks(repository, layer.blob)) as chunks:
            row = bring(
                blobs, store, chunks, blob=layer.blob.digest, diff_id=layer.diff_id, seen=seen
            )
    sink(Progress(layer.short, "Pull complete", "done"))
    return row


class _Seen:
    """Says how far a download is, not more often than anybody can see; and when only unpacking is left."""

    def __init__(self, layer: _Layer, sink: Sink) -> None:
        self._layer = layer
        self._sink = sink
        self._done = 0
        self._next = 0.0

    def __call__(self, size: int) -> None:
        self._done += size
        total = self._layer.blob.size
        now = time.monotonic()
        if self._done == total:
            self._sink(Progress(self._layer.short, "Download complete", "working"))
        elif now >= self._next:
            self._next = now + _REPORT_SECONDS
            text = "Downloading"
            self._sink(
                Progress(self._layer.short, text, "working", current=self._done, total=total)
            )


@contextmanager
def _alone(repository: Repository, layer: _Layer, sink: Sink) -> Iterator[None]:
    """Hold a layer's download alone, across commands; a wait ends when the pull is given up."""
    waiting = False
    while not repository.closed:
        with locks.attempt(f"blob-{digests.hex_part(layer.blob.digest)[:2]}") as held:
            if held:
                yield
                return
        if not waiting:
            sink(Progress(layer.short, "Waiting", "working"))
        waiting = True
        time.sleep(0.1)
    raise Failed("the pull was given up")


def _record(
    reference: Reference,
    top: Document,
    document: Document,
    id: str,
    config: bytes,
    stack: list[rows.LayerRow],
) -> ImageInfo:
    names = [f"{reference.name}@{top.digest}"]
    if reference.tag and not reference.digest:
        names.append(f"{reference.name}:{reference.tag}")
    row = rows.ManifestRow(document.digest, id, document.media_type, document.body.decode())
    return record_image(id, config.decode(), stack, names, manifest=row, action="pull")
