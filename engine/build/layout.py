"""Images of OCI layout directories as build contexts: ``oci-layout://directory[:tag][@digest]``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from engine import images, paths
from engine.image import digest as digests
from engine.image import platform as platforms
from engine.image.manifest import images as sources
from engine.image.platform import Platform
from engine.image.record import bring_layer, record_image
from engine.snapshot.store import LayerStore
from schemas.errors import Failed, InvalidArgument, NotFound

_CHUNK = 1 << 20
_NESTING = 3  # indexes in indexes
_NAME = "org.opencontainers.image.ref.name"
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


def load(where: str, platform: Platform | None) -> images.ImageRecord:
    """The image, brought into the store without a name. NotFound, InvalidArgument, Failed."""
    directory, tag, digest = _parts(where)
    layout = _Layout(directory, tag, digest, platform)
    [source] = sources(layout)
    stack = [bring_layer(layout, layer, lambda _: None) for layer in source.layers]
    record_image(source.id, source.config, stack, [])
    # Not looked up: it has no name, so anybody who prunes may have forgotten it. Its layers stay until the build ends.
    store = LayerStore(paths.root())
    layers = tuple(store.path(layer.diff_id) for layer in reversed(stack))
    return images.ImageRecord(source.id, "layers", json.loads(source.config), layers)


def _parts(where: str) -> tuple[str, str, str]:
    """(directory, tag, digest)."""
    path, at, digest = where.partition("@")
    if at:
        digests.hex_part(digest)
    tag = ""
    colon = path.rfind(":")
    if colon > path.rfind("/"):
        path, tag = path[:colon], path[colon + 1 :]
    return os.path.abspath(path), tag, digest


class _Layout:
    """A directory as ``sources`` and ``bring_layer`` read it; its index names the one image that is meant."""

    def __init__(self, directory: str, tag: str, digest: str, platform: Platform | None) -> None:
        self._directory = directory
        if not os.path.isdir(directory):
            raise NotFound(f"oci-layout://{directory}: no such directory")
        entry = {"digest": digest} if digest else self._entry(tag)
        self._index = {"manifests": [self._chosen(entry, platform)]}

    def has(self, name: str) -> bool:
        return name == "index.json" or (
            name != "manifest.json" and os.path.isfile(self._path(name))
        )

    def read(self, name: str) -> bytes:
        """A small file, whole; a blob is proven by its name."""
        if name == "index.json":
            return json.dumps(self._index).encode()
        return self._bytes(name)

    def json(self, name: str) -> Any:
        return self.parse(self.read(name), name)

    def parse(self, data: bytes, name: str) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as err:
            raise InvalidArgument(f"{self._directory}: {name} is not JSON: {err}") from err

    def size(self, name: str) -> int:
        return os.path.getsize(self._path(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        with open(self._path(name), "rb", buffering=0) as file:
            while data := file.read(_CHUNK):
                yield data

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _bytes(self, name: str) -> bytes:
        try:
            with open(self._path(name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise NotFound(f"oci-layout://{self._directory}: there is no {name}") from None
        except OSError as err:
            raise Failed(f"oci-layout://{self._directory}: {name}: {err.strerror}") from err

    def _entry(self, tag: str) -> Any:
        """The entry with the tag; without one the only one, or that called latest."""
        index = self.parse(self._bytes("index.json"), "index.json")
        entries = index.get("manifests") if isinstance(index, dict) else None
        entries = [each for each in entries or () if isinstance(each, dict)]
        if not tag and len(entries) == 1:
            return entries[0]
        for each in entries:
            if (each.get("annotations") or {}).get(_NAME) == (tag or "latest"):
                return each
        raise NotFound(f"oci-layout://{self._directory}: no image has the tag {tag or 'latest'}")

    def _chosen(self, entry: Any, platform: Platform | None) -> Any:
        """Follow indexes to the manifest for the platform."""
        wanted = platforms.parse(str(platform)) if platform else platforms.native()
        for _ in range(_NESTING):
            digest = str(entry.get("digest"))
            data = self._bytes(f"blobs/sha256/{digests.hex_part(digest)}")
            if digests.of(data) != digest:
                raise InvalidArgument(f"oci-layout://{self._directory}: {digest} is damaged")
            document = self.parse(data, digest)
            if document.get("mediaType", entry.get("mediaType")) not in _INDEXES:
                # Its platform has been looked at; what is left is taken as it is.
                return {"digest": digest, "mediaType": document.get("mediaType", "")}
            entry = self._suiting(document, wanted)
        raise InvalidArgument(f"oci-layout://{self._directory}: indexes nested too deeply")

    def _suiting(self, index: Any, wanted: platforms.Platform) -> Any:
        offered = [
            (
                platforms.normal(*(str(each.get("platform", {}).get(key) or "") for key in _WORDS)),
                each,
            )
            for each in index.get("manifests") or ()
        ]
        for platform in platforms.acceptable(wanted):
            for own, each in offered:
                if own == platform:
                    return each
        raise NotFound(f"oci-layout://{self._directory} holds no image for {wanted}")


_WORDS = ("os", "architecture", "variant")
