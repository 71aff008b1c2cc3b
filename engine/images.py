"""The images that are here, and what a reference means."""

from __future__ import annotations

import functools
import json
from typing import Any

from engine import paths
from engine.image import digest as digests
from engine.image import reference
from engine.snapshot.store import LayerStore
from engine.state import db
from engine.state import images as rows
from schemas.errors import Failed, InvalidArgument, NotFound
from schemas.records import ImageInfo
from schemas.typed import NamedTuple

_HOST = "docker.io/pycompose/host"  # built in, see engine.image.host
_SHORTEST_PREFIX = 4  # of an id; shorter words are names


class ImageRecord(NamedTuple):
    """What a reference means."""

    id: str
    kind: str  # layers, host
    config: dict[str, Any]  # the OCI image config
    layers: tuple[str, ...]  # directories, top first


def resolve(text: str) -> ImageRecord | None:
    """The image that a reference, digest, id or id prefix means; None when it is not here."""
    id = find(text)
    try:
        return record(id) if id else None
    except NotFound:
        return None  # removed since


def record(id: str) -> ImageRecord:
    """The image with this id; NotFound."""
    return _record(paths.root(), id)


def config(id: str) -> dict[str, Any]:
    """The OCI image config of an image; NotFound."""
    return record(id).config


def layers(id: str) -> list[str]:
    """The directories of an image's layers, top first; NotFound. The host image: its skeleton, without /usr."""
    found = record(id)
    if found.kind == "host":
        from engine.image import skeleton

        return [*found.layers, skeleton.path()]
    return list(found.layers)


@functools.lru_cache(maxsize=256)
def _record(root: str, id: str) -> ImageRecord:
    """Content by digest never changes, so it is read once in a process."""
    row = rows.get(id)
    if row is None:
        raise no_such_image(id)
    store, document = LayerStore(root), json.loads(row.config)
    stack = tuple(store.path(diff_id) for diff_id in reversed(diff_ids(document)))
    return ImageRecord(id, row.kind, document, stack)


def diff_ids(config: dict[str, Any]) -> list[str]:
    """The layers that an image config names, lowest first. What is recorded has just these, and unlike its rows, which may
    go between two looks, its config is read whole."""
    return (config.get("rootfs") or {}).get("diff_ids") or []


def forget() -> None:
    """Read anew what is asked for next: an image has gone."""
    _record.cache_clear()


def images() -> list[ImageInfo]:
    """Every image, newest first."""
    from engine.image import inspect as views

    _register_host()
    tags = rows.all_tags()
    return [views.info(row, tags.get(row.id, [])) for row in rows.list_all()]


def image(text: str) -> ImageInfo | None:
    """By reference, digest or id prefix; None when it is not here."""
    from engine.image import inspect as views

    id = find(text)
    row = rows.get(id) if id else None
    return views.info(row, rows.tags(row.id), rows.tagged(row.id)) if row else None


def inspect(text: str) -> dict[str, object]:
    """The image in the shape of ``docker image inspect``; NotFound."""
    from engine.image import inspect as views

    id = find(text)
    row = rows.get(id) if id else None
    if row is None:
        raise no_such_image(text)
    return views.document(
        row,
        rows.tags(row.id),
        rows.layers(row.id),
        list(_record(paths.root(), row.id).layers),
        rows.tagged(row.id),
    )


def find(text: str) -> str | None:
    """The id that ``text`` means, as Docker looks it up: full id, then reference, then id prefix."""
    text = text.strip()
    value = text.removeprefix("sha256:")
    if len(value) == 64 and reference.is_hex(value):
        return digests.from_hex(value) if rows.get(digests.from_hex(value)) else None
    if not text.startswith("sha256:"):
        wanted = reference.with_default_tag(reference.parse(text))
        if wanted.name == _HOST:
            _register_host()
        found = rows.by_tag(str(wanted))
        if found is None and wanted.digest:
            found = rows.by_tag(f"{wanted.name}@{wanted.digest}")
        if found is not None:
            return found
    if len(value) >= _SHORTEST_PREFIX and reference.is_hex(value):
        matches = rows.by_prefix(digests.from_hex(value))
        if len(matches) > 1:
            raise InvalidArgument(f"ambiguous image id prefix: {value}")
        return matches[0] if matches else None
    return None


def _register_host() -> None:
    """See that the built-in image is listed as it is today."""
    from engine.image import host

    row = host.row()
    if rows.by_tag(host.NAME) == row.id:
        return
    try:
        with db.transaction() as database:
            rows.insert(database, row, [])
            rows.tag(database, host.NAME, row.id)
    except Failed:
        pass  # a full disk must not keep anybody from looking at what there is


def no_such_image(text: str) -> NotFound:
    """The error for a reference that means nothing here, in Docker's words."""
    return NotFound(f"No such image: {text}")


def info(id: str) -> ImageInfo:
    """The record of the image with this id; NotFound."""
    from engine.image import inspect as views

    row = rows.get(id)
    if row is None:
        raise no_such_image(id)
    return views.info(row, rows.tags(id), rows.tagged(id))


def sweep() -> None:
    """Remove temporary files of killed commands. Cheap when there are none."""
    from engine.image import gc

    gc.sweep()
