"""Bring a layer into the store in one pass: read → blob and its digest → inflate → digest of the tar → directory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from engine.image import compression
from engine.image import digest as digests
from engine.image.blobs import BlobStore
from engine.sizes import tree_size
from engine.snapshot.store import LayerStore
from engine.state.images import LayerRow
from schemas.errors import Failed, InvalidArgument, SyscallError
from schemas.typed import Protocol

_CHUNK = 1 << 20

MEDIA_TYPES = {
    "none": "application/vnd.oci.image.layer.v1.tar",
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}


class _Blob(Protocol):
    """Where the bytes of a blob go while it is read."""

    size: int
    fd: int  # of the file that holds it

    def write(self, data: bytes) -> None: ...
    def digest(self) -> str: ...


class _Proof:
    """For a blob that is in the store already: only its digest is of interest."""

    def __init__(self, fd: int) -> None:
        self._hash = hashlib.sha256()
        self.size = 0
        self.fd = fd

    def write(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)

    def digest(self) -> str:
        return digests.from_hex(self._hash.hexdigest())


class _Pass:
    """One reading of a layer: what its chunks turned out to be."""

    def __init__(self, chunks: Iterator[bytes], blob: _Blob, seen: Callable[[int], None]) -> None:
        self._chunks = chunks
        self._blob = blob
        self._seen = seen
        self._hash = hashlib.sha256()
        self.compression = "none"

    def plain(self) -> Iterator[bytes]:
        """The plain tar; as a side effect the blob is written and both digests are taken."""
        first = next(self._chunks, b"")
        self.compression = compression.detect(first)
        decoder = compression.decoder(self.compression)
        data = first
        while data:
            self._blob.write(data)
            self._seen(len(data))
            out = decoder.feed(data)
            if self.compression != "none":
                self._hash.update(out)
            yield out
            data = next(self._chunks, b"")
        decoder.finish()

    def file(self) -> int:
        """Where the plain tar can be read as far as it has come: the blob, when it is not compressed; -1 otherwise."""
        return self._blob.fd if self.compression == "none" else -1

    def diff_id(self) -> str:
        if self.compression == "none":
            return self._blob.digest()
        return digests.from_hex(self._hash.hexdigest())


def bring(
    blobs: BlobStore,
    store: LayerStore,
    chunks: Iterator[bytes],
    *,
    blob: str = "",
    diff_id: str = "",
    seen: Callable[[int], None] = lambda _: None,
) -> LayerRow:
    """Store one layer; ``blob`` and ``diff_id`` are the digests announced for it ("": none).

    Failed when content and digests differ, or the disk is full; nothing is left then.
    """
    try:
        with blobs.ingest() as ingest:
            reading = _Pass(chunks, ingest, seen)
            diff_id, size = _unpack(store, reading, diff_id)
            digest = ingest.commit(blob)
    except OSError as err:
        raise Failed(f"cannot store the layer: {err.strerror}") from err
    return LayerRow(diff_id, digest, MEDIA_TYPES[reading.compression], ingest.size, size)


def adopt(blobs: BlobStore, store: LayerStore, blob: str, diff_id: str) -> LayerRow | None:
    """Make a layer of a blob that a command left in the store before it was killed.

    None when there is none, or it is not what its name says: then it is removed.
    """
    try:
        file = open(blobs.path(blob), "rb", buffering=0)
    except FileNotFoundError:
        return None
    proof = _Proof(file.fileno())
    with file:
        reading = _Pass(iter(lambda: file.read(_CHUNK), b""), proof, lambda _: None)
        try:
            diff_id, size = _unpack(store, reading, diff_id)
        except (Failed, InvalidArgument) as err:
            if isinstance(err.__cause__, (OSError, SyscallError)):
                raise  # the disk is full, perhaps: that is no fault of the blob
            size = -1
    if size < 0 or proof.digest() != blob:
        blobs.remove(blob)
        return None
    return LayerRow(diff_id, blob, MEDIA_TYPES[reading.compression], proof.size, size)


def is_whole(blobs: BlobStore, digest: str) -> bool:
    """Whether a blob is what its name says."""
    with open(blobs.path(digest), "rb", buffering=0) as file:
        proof = _Proof(file.fileno())
        while data := file.read(_CHUNK):
            proof.write(data)
    return proof.digest() == digest


def _unpack(store: LayerStore, reading: _Pass, diff_id: str) -> tuple[str, int]:
    """The layer's diff_id and the bytes of its files; Failed when the diff_id is not the announced one."""
    if not diff_id:
        return store.add_unknown(reading)
    size = store.add(diff_id, reading)
    if size < 0:
        # It is unpacked already: only the blob is wanted, and the size.
        for _ in reading.plain():
            pass
        if reading.diff_id() != diff_id:
            raise Failed(f"layer has digest {reading.diff_id()}, but the image names {diff_id}")
        size = tree_size(store.path(diff_id))
    return diff_id, size
