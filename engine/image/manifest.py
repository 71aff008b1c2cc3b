"""Which images an archive holds: Docker's ``manifest.json`` (docker save) or an OCI layout's ``index.json``.

Sources: moby image/tarexport; OCI image spec, image-layout.md, image-index.md, manifest.md.
"""

from __future__ import annotations

from typing import Any

from engine.image import digest as digests
from engine.image import platform, reference
from engine.image.archive import Members
from schemas.errors import EngineError, InvalidArgument, Unsupported
from schemas.typed import NamedTuple

_INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_NESTING = 4


class LayerSource(NamedTuple):
    member: str  # its name in the archive
    blob: str  # digest announced for the member, "" when none
    diff_id: str


class ImageSource(NamedTuple):
    id: str
    config: str
    layers: list[LayerSource]
    names: list[str]  # full references


def images(archive: Members) -> list[ImageSource]:
    """Read what the archive says of itself; InvalidArgument when it contradicts itself."""
    if archive.has("manifest.json"):
        return [_from_docker(archive, item) for item in _list(archive.json("manifest.json"))]
    if archive.has("index.json"):
        return _from_layout(archive)
    if archive.has("repositories"):
        raise Unsupported(
            "the archive has the format of Docker before 1.10 (no manifest.json)",
            hint="load it into a newer docker and save it again",
        )
    raise InvalidArgument(
        "no image in the archive: neither manifest.json nor index.json",
        hint="a root filesystem tar is brought in with: image import FILE NAME",
    )


def _from_docker(archive: Members, item: Any) -> ImageSource:
    if not isinstance(item, dict) or not isinstance(item.get("Config"), str):
        raise InvalidArgument("manifest.json: an image without a Config")
    config = archive.read(item["Config"])
    members = [name for name in _list(item.get("Layers")) if isinstance(name, str)]
    names = [reference.normalise(name) for name in _list(item.get("RepoTags"))]
    announced = [_digest_of_name(name) for name in members]
    config_digest = _digest_of_name(item["Config"])
    return _image(archive, config, config_digest, list(zip(members, announced, strict=True)), names)


def _from_layout(archive: Members) -> list[ImageSource]:
    found: dict[str, ImageSource] = {}
    index = archive.json("index.json")
    for descriptor in _list(index.get("manifests") if isinstance(index, dict) else None):
        names = _names(descriptor)
        manifest = _resolve(archive, descriptor, depth=0)
        if manifest is None:
            continue
        image = _from_manifest(archive, manifest, names)
        if image.id in found:
            image = image._replace(names=sorted({*found[image.id].names, *image.names}))
        found[image.id] = image
    if not found:
        raise InvalidArgument(f"no image for linux/{platform.architecture()} in the archive")
    return list(found.values())


def _resolve(archive: Members, descriptor: Any, *, depth: int) -> dict[str, Any] | None:
    """Follow a descriptor to the manifest that suits this machine; None when it is no image for it."""
    if not isinstance(descriptor, dict) or not isinstance(descriptor.get("digest"), str):
        raise InvalidArgument("index.json: an entry without a digest")
    if depth > _NESTING:
        raise InvalidArgument("index.json: indexes nested too deeply")
    wanted = descriptor.get("platform")
    if isinstance(wanted, dict) and not platform.matches(wanted) and wanted.get("os") == "unknown":
        return None  # an attestation
    name = _blob_name(descriptor["digest"])
    if depth and not archive.has(name):
        return None  # an archive may hold only some platforms of an index
    data = archive.read(name)
    if digests.of(data) != descriptor["digest"]:
        raise InvalidArgument(f"{name} has digest {digests.of(data)}")
    document = archive.parse(data, name)
    if not isinstance(document, dict):
        raise InvalidArgument(f"{name} is no manifest")
    if document.get("mediaType", descriptor.get("mediaType")) in _INDEX_TYPES:
        choices = _list(document.get("manifests"))
        best = sorted(choices, key=lambda item: not platform.matches(item.get("platform") or {}))
        for choice in best:
            manifest = _resolve(archive, choice, depth=depth + 1)
            if manifest is not None:
                return manifest
        return None
    return document


def _from_manifest(archive: Members, manifest: dict[str, Any], names: list[str]) -> ImageSource:
    try:
        config_digest = manifest["config"]["digest"]
        layers = [str(item["digest"]) for item in manifest["layers"]]
    except (KeyError, TypeError) as err:
        raise InvalidArgument("the archive holds a manifest without config or layers") from err
    config = archive.read(_blob_name(config_digest))
    pairs = [(_blob_name(item), item) for item in layers]
    return _image(archive, config, config_digest, pairs, names)


def _image(
    archive: Members,
    config: bytes,
    announced: str,
    members: list[tuple[str, str]],
    names: list[str],
) -> ImageSource:
    id = digests.of(config)
    if announced and announced != id:
        raise InvalidArgument(f"the image's config has digest {id}, but {announced} was announced")
    document = archive.parse(config, "the image's config")
    try:
        diff_ids = [str(item) for item in document["rootfs"]["diff_ids"] or ()]
        text = config.decode()
    except (KeyError, TypeError, UnicodeDecodeError) as err:
        raise InvalidArgument("the image's config has no rootfs.diff_ids") from err
    if len(diff_ids) != len(members):
        raise InvalidArgument(
            f"the image has {len(members)} layers, but its config names {len(diff_ids)}"
        )
    layers = []
    for (member, blob), diff_id in zip(members, diff_ids, strict=True):
        digests.hex_part(diff_id)
        if not archive.has(member):
            raise InvalidArgument(f"the archive names {member} but does not hold it")
        layers.append(LayerSource(member, blob, diff_id))
    return ImageSource(id, text, layers, names)


def _names(descriptor: Any) -> list[str]:
    """The full references that a descriptor's annotations give; a bare tag names no repository."""
    notes = descriptor.get("annotations") if isinstance(descriptor, dict) else None
    if not isinstance(notes, dict):
        return []
    full = notes.get("io.containerd.image.name")
    short = notes.get("org.opencontainers.image.ref.name")
    for text in (full, short if short and (":" in short or "/" in short) else None):
        if isinstance(text, str):
            try:
                return [reference.normalise(text)]
            except EngineError:
                continue
    return []


def _blob_name(digest: str) -> str:
    return f"blobs/sha256/{digests.hex_part(digest)}"


def _digest_of_name(name: str) -> str:
    """The digest that a member's name announces: ``<hex>.json`` or ``blobs/sha256/<hex>``."""
    base = name.rsplit("/", 1)[-1].removesuffix(".json")
    in_blobs = name.startswith("blobs/sha256/") or (name.endswith(".json") and "/" not in name)
    return digests.from_hex(base) if in_blobs and len(base) == 64 and reference.is_hex(base) else ""


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidArgument("the archive's manifest has the wrong shape")
    return value
