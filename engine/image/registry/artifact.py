"""Artifacts: what is kept in registries without being an image (OCI image spec, "Guidelines for Artifact Usage")."""

from __future__ import annotations

from typing import Any

from engine.image import reference as references
from engine.image.reference import Reference
from engine.image.registry import download, manifests
from engine.image.registry.client import Repository
from engine.image.registry.manifests import Document
from engine.image.registry.resolve import digest_of, get_document, repository_with
from schemas.errors import NotFound
from schemas.records import Artifact, Part


def digest(text: str) -> str:
    """The digest that an artifact's reference stands for now. Raises NotFound, Unauthorized, Unavailable, InvalidArgument."""
    wanted = _parsed(text)
    return wanted.digest or digest_of(wanted)


def read(text: str, artifact_type: str) -> Artifact:
    """An artifact with all its parts, each proven by its digest; of an index the entry of that type. Small ones only."""
    wanted = _parsed(text)
    repository, top = repository_with(wanted)
    try:
        document = _chosen(repository, top, artifact_type, text)
        parsed = document.parsed()
        manifest = manifests.manifest(document)
        parts = tuple(
            Part(layer.media_type, _notes(value), download.small(repository, layer))
            for layer, value in zip(manifest.layers, parsed["layers"], strict=True)
        )
        # Before OCI 1.1 an artifact was told by the type of its config.
        found = str(parsed.get("artifactType") or manifest.config.media_type)
        return Artifact(top.digest, found, parts)
    finally:
        repository.close()


def _parsed(text: str) -> Reference:
    wanted = references.with_default_tag(references.parse(text))
    return wanted._replace(tag="") if wanted.digest else wanted


def _chosen(repository: Repository, top: Document, artifact_type: str, text: str) -> Document:
    if not top.is_index:
        return top
    entries = top.parsed().get("manifests")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("artifactType") == artifact_type:
            chosen = manifests.descriptor(entry, top.digest)
            return get_document(repository, chosen.digest, text)
    raise NotFound(f"{text} is an index without an artifact of type {artifact_type}")


def _notes(layer: Any) -> dict[str, str]:
    notes = layer.get("annotations")
    return {str(key): str(value) for key, value in (notes or {}).items()}
