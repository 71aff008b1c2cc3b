"""Caches opened for reading: their table of contents, and the bytes of their layers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from engine import images
from engine.build.caches import document, inline
from engine.build.caches.document import Contents
from engine.build.caches.place import CachePlace
from engine.image import digest as digests
from engine.image import platform as platforms
from engine.image import reference
from engine.image.platform import Platform
from engine.state import images as rows
from engine.state.images import LayerRow
from schemas.errors import Failed, NotFound, Unsupported
from schemas.typed import Protocol

_CHUNK = 1 << 20
_IMAGES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


class Shelf(Protocol):
    """An open cache."""

    contents: Contents

    def chunks(self, layer: LayerRow) -> Iterator[bytes]:
        """The blob of a layer; raises what reading it does."""

    def close(self) -> None: ...


class Kept:
    """The cache inside an image that is in this store: its layers are here."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents

    def chunks(self, layer: LayerRow) -> Iterator[bytes]:
        raise Failed(f"layer {layer.diff_id} has gone from the store")

    def close(self) -> None:
        """Nothing is open."""


def kept(place: CachePlace) -> Kept | None:
    """The cache inside the image of that name; None when there is none here."""
    if place.type != "registry":
        return None
    found = images.resolve(place.where)
    if found is None:
        return None
    contents = inline.of(found.config, tuple(rows.layers(found.id)), str(place))
    return Kept(contents) if contents is not None else None


class Remote:
    """A cache, or an image with one, in a registry."""

    def __init__(self, place: CachePlace, platform: Platform) -> None:
        from engine.image.registry import manifests
        from engine.image.registry.resolve import get_document, repository_with

        wanted = reference.parse(place.where)
        if wanted.digest:
            wanted = wanted._replace(tag="")
        self._repository, top = repository_with(wanted)
        try:
            if top.is_index:
                suiting = platforms.acceptable(platforms.parse(str(platform)))
                choice = manifests.choose(top, suiting, str(place))
                top = get_document(self._repository, choice.digest, str(place))
            self.contents = self._read(manifests.manifest(top), str(place))
        except BaseException:
            self._repository.close()
            raise

    def _read(self, manifest: Any, name: str) -> Contents:
        from engine.image.registry import download

        _check_kind(manifest.config.media_type, name)
        config = _parsed(download.small(self._repository, manifest.config), name)
        layers = [(each.media_type, each.digest, each.size) for each in manifest.layers]
        return _contents(manifest.config.media_type, config, layers, name)

    def chunks(self, layer: LayerRow) -> Iterator[bytes]:
        from engine.image.registry import download
        from engine.image.registry.manifests import Descriptor

        blob = Descriptor(layer.media_type, layer.blob, layer.blob_size)
        return download.chunks(self._repository, blob)

    def close(self) -> None:
        self._repository.close()


class Directory:
    """A cache in an OCI layout directory."""

    def __init__(self, place: CachePlace) -> None:
        self._root = place.where
        index = self._json("index.json", self._bytes("index.json"))
        entry = _entry(index, place)
        manifest = self._json(place.where, self._blob(entry))
        try:
            config = manifest["config"]
            kind = str(config.get("mediaType"))
            layers = [
                (str(each["mediaType"]), str(each["digest"]), int(each["size"]))
                for each in manifest["layers"]
            ]
            body = self._json(place.where, self._blob(str(config["digest"])))
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise Failed(f"{place.where} is no OCI layout: {err}") from err
        _check_kind(kind, place.where)
        self.contents = _contents(kind, body, layers, place.where)

    def chunks(self, layer: LayerRow) -> Iterator[bytes]:
        with open(self._path(layer.blob), "rb", buffering=0) as file:
            while data := file.read(_CHUNK):
                yield data

    def close(self) -> None:
        """Nothing is open."""

    def _path(self, digest: str) -> str:
        return f"{self._root}/blobs/sha256/{digests.hex_part(digest)}"

    def _blob(self, digest: str) -> bytes:
        data = self._bytes(f"blobs/sha256/{digests.hex_part(digest)}")
        if digests.of(data) != digest:
            raise Failed(f"{self._root}: the content of {digest} is damaged")
        return data

    def _bytes(self, name: str) -> bytes:
        try:
            with open(os.path.join(self._root, name), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise NotFound(f"{self._root} holds no cache: there is no {name}") from None
        except OSError as err:
            raise Failed(f"{self._root}/{name}: {err.strerror}") from err

    def _json(self, name: str, data: bytes) -> dict[str, Any]:
        return _parsed(data, name)


def _entry(index: dict[str, Any], place: CachePlace) -> str:
    """The digest of the manifest that is meant."""
    if place.digest:
        return place.digest
    for each in index.get("manifests") or ():
        notes = each.get("annotations") or {}
        if notes.get("org.opencontainers.image.ref.name") == place.tag:
            return str(each["digest"])
    raise NotFound(f"{place.where} holds no cache with the tag {place.tag}")


def _check_kind(media_type: str, name: str) -> None:
    if media_type not in (document.CONFIG, *_IMAGES):
        raise Unsupported(f"{name} is a cache of another builder ({media_type})")


def _contents(
    kind: str, config: dict[str, Any], layers: list[tuple[str, str, int]], name: str
) -> Contents:
    if kind == document.CONFIG:
        return document.decode(config, name)
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    if len(diff_ids) != len(layers):
        raise Failed(f"{name} has {len(layers)} layers, but its config names {len(diff_ids)}")
    stack = tuple(
        LayerRow(str(diff_id), digest, media_type, size, 0)
        for diff_id, (media_type, digest, size) in zip(diff_ids, layers, strict=True)
    )
    return inline.of(config, stack, name) or Contents((), ())


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise Failed(f"{name} is not JSON: {err}") from err
    if not isinstance(found, dict):
        raise Failed(f"{name} is not an object")
    return found
