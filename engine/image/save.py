"""Write images as one tar that is an OCI layout and a ``docker save`` archive at once, as Docker 25 and newer write it.

Deterministic: the same images give the same bytes. Layers are written as they came, so digests stay true.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from engine.image import describe, platform, reference
from engine.image import digest as digests
from engine.image.blobs import BlobStore
from engine.state.images import ImageRow, LayerRow
from schemas.errors import Failed, InvalidArgument
from schemas.typed import NamedTuple

_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_BLOCK = 512
_CHUNK = 1 << 20


class SavedImage(NamedTuple):
    row: ImageRow
    layers: list[LayerRow]  # lowest first
    names: list[str]  # full references


def write(images: list[SavedImage], path: str, blobs: BlobStore) -> None:
    """Write the archive; a file appears under its name only when it is complete."""
    if path == "-":
        if os.isatty(1):
            raise InvalidArgument(
                "cowardly refusing to save to a terminal; use the -o flag or redirect"
            )
        _Writer(os.write, 1).archive(images, blobs)
        return
    temporary = f"{path}.{os.urandom(4).hex()}.part"
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise Failed(f"cannot write {path}: {err.strerror}") from err
    try:
        _Writer(os.write, fd).archive(images, blobs)
        os.rename(temporary, path)
    except OSError as err:
        os.unlink(temporary)
        raise Failed(f"cannot write {path}: {err.strerror}") from err
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(fd)


class _Writer:
    """A tar being written to a descriptor."""

    def __init__(self, write: Callable[[int, bytes | memoryview], int], fd: int) -> None:
        self._write = write
        self._fd = fd
        self._written: set[str] = set()

    def archive(self, images: list[SavedImage], blobs: BlobStore) -> None:
        index: list[dict[str, Any]] = []
        docker: list[dict[str, Any]] = []
        self._header("blobs/", 0, directory=True)
        self._header("blobs/sha256/", 0, directory=True)
        for image in images:
            config = image.row.config.encode()
            self._blob(config)
            for layer in image.layers:
                self._layer(layer, blobs)
            manifest = describe.manifest(image.row, image.layers)
            digest = self._blob(manifest)
            index += _descriptors(image, digest, len(manifest))
            docker.append(
                {
                    "Config": _member(image.row.id),
                    "RepoTags": [reference.familiar(name) for name in image.names] or None,
                    "Layers": [_member(layer.blob) for layer in image.layers],
                }
            )
        self._file("index.json", _json(_index(index)))
        self._file("manifest.json", _json(docker))
        self._file("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        self._put(bytes(2 * _BLOCK))

    def _blob(self, data: bytes) -> str:
        digest = digests.of(data)
        if digest not in self._written:
            self._written.add(digest)
            self._file(_member(digest), data)
        return digest

    def _layer(self, layer: LayerRow, blobs: BlobStore) -> None:
        if layer.blob in self._written:
            return
        self._written.add(layer.blob)
        try:
            fd = os.open(blobs.path(layer.blob), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Failed(f"blob {layer.blob} is missing from the store") from None
        try:
            self._header(_member(layer.blob), layer.blob_size)
            left = layer.blob_size
            while left:
                data = os.read(fd, min(left, _CHUNK))
                if not data:
                    raise Failed(f"blob {layer.blob} in the store is too short")
                self._put(data)
                left -= len(data)
        finally:
            os.close(fd)
        self._put(bytes(-layer.blob_size % _BLOCK))

    def _file(self, name: str, data: bytes) -> None:
        self._header(name, len(data))
        self._put(data + bytes(-len(data) % _BLOCK))

    def _header(self, name: str, size: int, *, directory: bool = False) -> None:
        self._put(_header(name, size, directory=directory))

    def _put(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._write(self._fd, view) :]


def _header(name: str, size: int, *, directory: bool) -> bytes:
    """A ustar header with every fact that could differ from run to run set to zero."""
    # Eleven octal digits hold 8 GiB; beyond that GNU's base-256 form.
    length = b"%011o\0" % size if size < 1 << 33 else b"\x80" + size.to_bytes(11, "big")
    head = b"".join(
        (
            name.encode().ljust(100, b"\0"),
            b"0000755\0" if directory else b"0000644\0",
            b"0000000\0" * 2,
            length,
            b"00000000000\0",
            b"        ",
            b"5" if directory else b"0",
            bytes(100),
            b"ustar\x0000",
            bytes(64),
            b"0000000\0" * 2,
        )
    ).ljust(_BLOCK, b"\0")
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


def _descriptors(image: SavedImage, digest: str, size: int) -> list[dict[str, Any]]:
    """One entry of the index for each name, one without a name when there is none."""
    plain: dict[str, Any] = {
        "mediaType": describe.MANIFEST,
        "digest": digest,
        "size": size,
        "platform": {
            "architecture": image.row.architecture or platform.architecture(),
            "os": image.row.os or "linux",
        },
    }
    if not image.names:
        return [plain]
    return [
        {
            **plain,
            "annotations": {
                "io.containerd.image.name": name,
                "org.opencontainers.image.ref.name": name.rpartition(":")[2],
            },
        }
        for name in image.names
    ]


def _index(manifests: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": manifests}


def _member(digest: str) -> str:
    return f"blobs/sha256/{digests.hex_part(digest)}"


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
