"""What an image is made of: manifests and indexes of OCI and of Docker (schema 2), and the choice of a platform.

Sources: OCI image spec, manifest.md and image-index.md; Docker's "Image Manifest V 2, Schema 2". Pure.
"""

from __future__ import annotations

import json
from typing import Any

from engine.image import digest as digests
from engine.image.platform import Platform, normal
from schemas.errors import Failed, InvalidArgument, NotFound, Unsupported
from schemas.typed import NamedTuple

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFESTS = (OCI_MANIFEST, DOCKER_MANIFEST)
INDEXES = (OCI_INDEX, DOCKER_LIST)
ACCEPT = ", ".join((*MANIFESTS, *INDEXES))
_LAYERS = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
}
_OLD = ("application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws", "application/json")  # fmt: skip


class Descriptor(NamedTuple):
    """A blob as a manifest names it."""

    media_type: str
    digest: str
    size: int


class Document(NamedTuple):
    """A manifest or an index, as it came."""

    media_type: str
    digest: str
    body: bytes

    def parsed(self) -> dict[str, Any]:
        """The body; Failed when it is no JSON object."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError) as err:
            raise Failed(f"manifest {self.digest} is not JSON: {err}") from err
        if not isinstance(found, dict):
            raise Failed(f"manifest {self.digest} is not an object")
        return found

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEXES


class Manifest(NamedTuple):
    config: Descriptor
    layers: tuple[Descriptor, ...]


def document(body: bytes, content_type: str, name: str) -> Document:
    """A manifest as it was answered; the type is what it says itself, else what the answer says. Unsupported for old ones."""
    found = Document(content_type.partition(";")[0].strip(), digests.of(body), body)
    own = found.parsed()
    said = own.get("mediaType") or found.media_type
    if said not in (*MANIFESTS, *INDEXES):
        if own.get("schemaVersion") == 1 or said in _OLD:
            raise Unsupported(
                f"{name} has a manifest of Docker's schema 1, which is not read any more",
                hint="pull and push it once with a newer docker",
            )
        raise Unsupported(f"{name} has a manifest of unknown type {said!r}")
    return found._replace(media_type=said)


def manifest(found: Document) -> Manifest:
    """The blobs of an image; Failed when the manifest is damaged, Unsupported for layers that are none."""
    parsed = found.parsed()
    if parsed.get("schemaVersion") != 2:
        raise Failed(f"manifest {found.digest} has schema version {parsed.get('schemaVersion')!r}")
    layers = parsed.get("layers")
    if not isinstance(layers, list):
        raise Failed(f"manifest {found.digest} has no layers")
    return Manifest(
        descriptor(parsed.get("config"), found.digest),
        tuple(descriptor(layer, found.digest) for layer in layers),
    )


def check_layers(found: Manifest, name: str) -> None:
    """Unsupported when it is no image for containers (an artifact, say)."""
    for layer in found.layers:
        if layer.media_type not in _LAYERS:
            raise Unsupported(f"{name} is no container image: it holds {layer.media_type}")


def descriptor(value: Any, where: str) -> Descriptor:
    """A descriptor with its digest proven to be one; Failed."""
    try:
        size = value["size"]
        found = Descriptor(str(value.get("mediaType") or ""), value["digest"], size)
        digests.hex_part(found.digest)
        if not isinstance(size, int) or size < 0:
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError, InvalidArgument) as err:
        raise Failed(f"manifest {where} holds a damaged descriptor: {value!r:.200}") from err
    return found


def choose(index: Document, wanted: list[Platform], name: str) -> Descriptor:
    """The entry for the first of the ``wanted`` platforms that the index has. NotFound names those that it has."""
    entries = index.parsed().get("manifests")
    there: list[tuple[Platform | None, Descriptor]] = []
    for entry in entries if isinstance(entries, list) else ():
        found = descriptor(entry, index.digest)
        if found.media_type in (*MANIFESTS, *INDEXES, ""):
            there.append((_platform(entry.get("platform")), found))
    for platform in wanted:
        for offered, found in there:
            if offered == platform:
                return found
    without = [found for offered, found in there if offered is None]
    if len(without) == 1 and len(there) == 1:
        return without[0]
    known = ", ".join(sorted({str(offered) for offered, _ in there if offered})) or "none"
    raise NotFound(
        f"no matching manifest for {wanted[0]} in the manifest list entries of {name} (there is: {known})"
    )


def _platform(value: Any) -> Platform | None:
    """None for entries without one; attestations call theirs unknown/unknown, which suits nobody."""
    if not isinstance(value, dict) or not value.get("architecture"):
        return None
    words = [value.get(key) or "" for key in ("os", "architecture", "variant")]
    return normal(*map(str, words))
