"""An image of what a container has changed (``docker commit``)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

from engine import containers, images, paths, process, running
from engine.image import config as configs
from engine.image import digest as digests
from engine.image import reference as references
from engine.snapshot.store import STORE_LOCK, LayerStore
from engine.state import containers as rows
from engine.state import images as image_rows
from engine.state import locks
from engine.state.containers import ContainerRow
from schemas import labels

# What says whose container it was would make containers of the image look like those.
_OF_PROJECTS = (labels.PREFIX, labels.OWN_PREFIX)


def commit(
    id: str, reference: str, *, author: str, message: str, changes: list[str], pause: bool
) -> str:
    """Make the image; its id. Its layers are those of the container's image and one more."""
    from engine.image.blobs import BlobStore
    from engine.image.layers import bring
    from engine.image.record import record_image, refuse_host
    from engine.snapshot import diff

    name = references.tag_name(reference) if reference else ""
    if name:
        refuse_host(name)
    configs.apply_changes({}, changes)  # a wrong one must fail before the work
    row = rows.get(id)
    base = image_rows.get(row.image_id)
    if base is None:
        raise images.no_such_image(row.image)
    own = paths.container_dir(row.id)
    # Of the system's own root, what is below /usr is kept apart.
    others = {"usr": f"{own}/usr-upper"} if os.path.isdir(f"{own}/usr-upper") else {}
    with locks.shared(STORE_LOCK), running.held(row, still=pause):
        chunks = diff.pack_with(f"{own}/upper", others) if _has_changes(own) else _nothing()
        layer = bring(BlobStore(paths.root()), LayerStore(paths.root()), chunks)
        document = _document(row, json.loads(base.config), layer.diff_id)
        document["config"] = configs.apply_changes(document["config"], changes)
        _tell(document, row, author, message)
        body = configs.encode(document)
        made = digests.of(body.encode())
        stack = [*image_rows.layers(base.id), layer]
        record_image(made, body, stack, [name] if name else [], action="commit", kind=base.kind)
    containers.record(row, "commit", comment=message, imageID=made)
    return made


def _has_changes(own: str) -> bool:
    """A container that never started has no layer of its own."""
    return os.path.isdir(f"{own}/upper")


def _nothing() -> Iterator[bytes]:
    """The tar of no files."""
    yield bytes(1024)


def _document(row: ContainerRow, base: dict[str, Any], diff_id: str) -> dict[str, Any]:
    """The config: that of the base image, with what the container was made with."""
    spec = containers.resolved_spec(row)
    found: dict[str, Any] = {**(base.get("config") or {})}
    found["Env"] = process.environment(spec, found)
    if spec.get("entrypoint") is not None:
        found["Entrypoint"] = spec["entrypoint"]
        found.pop("Cmd", None)
    if spec.get("command") is not None:
        found["Cmd"] = spec["command"]
    for key, name in (
        ("working_dir", "WorkingDir"),
        ("user", "User"),
        ("stop_signal", "StopSignal"),
    ):
        if spec.get(key):
            found[name] = spec[key]  # type: ignore[literal-required]
    if row.facts["exposed"]:
        found["ExposedPorts"] = {port: {} for port in row.facts["exposed"]}
    own = {key: value for key, value in row.labels.items() if not key.startswith(_OF_PROJECTS)}
    if own or found.get("Labels"):
        found["Labels"] = {**(found.get("Labels") or {}), **own}
    below = (base.get("rootfs") or {}).get("diff_ids") or []
    return {**base, "config": found, "rootfs": {"type": "layers", "diff_ids": [*below, diff_id]}}


def _tell(document: dict[str, Any], row: ContainerRow, author: str, message: str) -> None:
    """When, by whom and of what it was made."""
    moment = configs.rfc3339(time.time())
    entry = {
        "created": moment,
        "created_by": " ".join(row.facts["command"]),
        "comment": message,
        "author": author,
    }
    document["created"] = moment
    document["history"] = [
        *(document.get("history") or []), {key: value for key, value in entry.items() if value}
    ]  # fmt: skip
    if author:
        document["author"] = author
