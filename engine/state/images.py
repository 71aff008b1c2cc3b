"""Rows of images, their layers and their tags."""

from __future__ import annotations

import json
import sqlite3
import time

from engine.state import boot, db
from schemas.typed import NamedTuple


class ImageRow(NamedTuple):
    id: str
    kind: str  # layers, host
    config: str  # JSON text, whose digest is the id
    created: float
    size: int
    architecture: str
    os: str


class LayerRow(NamedTuple):
    diff_id: str
    blob: str
    media_type: str
    blob_size: int
    size: int


class ManifestRow(NamedTuple):
    """How a registry or an archive describes the image: what is pushed again, byte for byte."""

    digest: str
    image_id: str
    media_type: str
    body: str


_IMAGE = "id, kind, config, created, size, architecture, os"
_LAYER = "layers.diff_id, blob, media_type, blob_size, layers.size"


def get(id: str) -> ImageRow | None:
    row = db.connection().execute(f"SELECT {_IMAGE} FROM images WHERE id = ?", (id,)).fetchone()
    return ImageRow(*row) if row else None


def by_tag(reference: str) -> str | None:
    """The id of the image that carries the full ``reference``."""
    row = (
        db.connection()
        .execute("SELECT image_id FROM tags WHERE reference = ?", (reference,))
        .fetchone()
    )
    return row[0] if row else None


def by_prefix(prefix: str) -> list[str]:
    """Ids that begin with ``prefix`` ("sha256:" and some hex digits)."""
    rows = db.connection().execute(
        "SELECT id FROM images WHERE id >= ? AND id < ?", (prefix, prefix + "g")
    )
    return [id for (id,) in rows]


def list_all() -> list[ImageRow]:
    """Every image, newest first."""
    rows = db.connection().execute(f"SELECT {_IMAGE} FROM images ORDER BY created DESC, id")
    return [ImageRow(*row) for row in rows]


def tags(image_id: str) -> list[str]:
    """Full references of one image, sorted."""
    rows = db.connection().execute(
        "SELECT reference FROM tags WHERE image_id = ? ORDER BY reference", (image_id,)
    )
    return [reference for (reference,) in rows]


def all_tags() -> dict[str, list[str]]:
    """Full references by image id."""
    found: dict[str, list[str]] = {}
    for reference, id in db.connection().execute(
        "SELECT reference, image_id FROM tags ORDER BY reference"
    ):
        found.setdefault(id, []).append(reference)
    return found


def layers(image_id: str) -> list[LayerRow]:
    """The layers of an image, lowest first."""
    rows = db.connection().execute(
        f"SELECT {_LAYER} FROM image_layers JOIN layers ON layers.diff_id = image_layers.diff_id"
        " WHERE image_id = ? ORDER BY position",
        (image_id,),
    )
    return [LayerRow(*row) for row in rows]


def layer(diff_id: str) -> LayerRow | None:
    row = (
        db.connection()
        .execute(f"SELECT {_LAYER} FROM layers WHERE diff_id = ?", (diff_id,))
        .fetchone()
    )
    return LayerRow(*row) if row else None


def tagged(image_id: str) -> float:
    """When the image was last given a name, or had one confirmed by a registry; 0.0 without a name."""
    (found,) = (
        db.connection()
        .execute("SELECT MAX(tagged) FROM tags WHERE image_id = ?", (image_id,))
        .fetchone()
    )
    return found or 0.0


def manifests(image_id: str) -> list[ManifestRow]:
    """How the image has been described so far."""
    rows = db.connection().execute(
        "SELECT digest, image_id, media_type, body FROM manifests WHERE image_id = ? ORDER BY digest",
        (image_id,),
    )
    return [ManifestRow(*row) for row in rows]


def repositories(diff_id: str) -> list[str]:
    """Names of repositories that hold an image with the layer, as far as it is known: it was pulled from or pushed to them."""
    rows = db.connection().execute(
        "SELECT DISTINCT substr(reference, 1, instr(reference, '@') - 1) FROM tags"
        " JOIN image_layers ON image_layers.image_id = tags.image_id"
        " WHERE image_layers.diff_id = ? AND reference LIKE '%@%' ORDER BY 1",
        (diff_id,),
    )
    return [name for (name,) in rows]


def layers_size() -> int:
    """The bytes of all layers that images have, each counted once."""
    row = db.connection().execute(
        "SELECT SUM(size) FROM layers WHERE diff_id IN (SELECT diff_id FROM image_layers)"
    )
    return row.fetchone()[0] or 0


def shared_sizes() -> dict[str, int]:
    """By image id: the bytes of its layers that another image has too."""
    rows = db.connection().execute(
        "SELECT own.image_id, SUM(layers.size) FROM"
        " (SELECT DISTINCT image_id, diff_id FROM image_layers) AS own"
        " JOIN layers ON layers.diff_id = own.diff_id"
        " WHERE EXISTS (SELECT 1 FROM image_layers AS other"
        " WHERE other.diff_id = own.diff_id AND other.image_id <> own.image_id)"
        " GROUP BY own.image_id"
    )
    return dict(rows.fetchall())


def users(image_id: str) -> list[tuple[str, str]]:
    """(id, name) of the containers made from an image."""
    rows = db.connection().execute(
        "SELECT id, name FROM containers WHERE image_id = ? ORDER BY created", (image_id,)
    )
    return [(id, name) for id, name in rows]


def insert(database: sqlite3.Connection, row: ImageRow, stack: list[LayerRow]) -> None:
    """Record an image and its layers, lowest first; what is there already stays as it is."""
    database.executemany(
        "INSERT OR IGNORE INTO layers (diff_id, blob, media_type, blob_size, size, boot)"
        " VALUES (?,?,?,?,?,?)",
        [(*layer, boot.id()) for layer in stack],
    )
    database.execute(
        f"INSERT OR IGNORE INTO images ({_IMAGE}) VALUES (?,?,?,?,?,?,?)",
        row,
    )
    database.executemany(
        "INSERT OR IGNORE INTO image_layers (image_id, position, diff_id) VALUES (?,?,?)",
        [(row.id, position, item.diff_id) for position, item in enumerate(stack)],
    )


def tag(database: sqlite3.Connection, reference: str, image_id: str) -> None:
    """Let ``reference`` mean the image, and no other."""
    database.execute(
        "INSERT INTO tags (reference, image_id, tagged) VALUES (?,?,?)"
        " ON CONFLICT (reference) DO UPDATE SET image_id = excluded.image_id, tagged = excluded.tagged",
        (reference, image_id, time.time()),
    )
    database.execute("DELETE FROM indexes WHERE reference = ?", (reference,))


def set_index(database: sqlite3.Connection, reference: str, image_ids: list[str]) -> None:
    """Let ``reference``, which is a tag of one of them, stand for images of several platforms."""
    database.execute(
        "INSERT OR REPLACE INTO indexes (reference, images) VALUES (?,?)",
        (reference, json.dumps(image_ids)),
    )


def only(reference: str) -> str | None:
    """The id of the image that ``reference`` means on any machine: None for a name of several platforms."""
    return None if index(reference) else by_tag(reference)


def index(reference: str) -> list[str]:
    """The ids of the images that a reference stands for on several platforms; none for an ordinary one."""
    row = (
        db.connection()
        .execute("SELECT images FROM indexes WHERE reference = ?", (reference,))
        .fetchone()
    )
    return list(json.loads(row[0])) if row else []


def insert_manifest(database: sqlite3.Connection, row: ManifestRow) -> None:
    """Keep how an image is described. Its blobs stay as long as the image."""
    database.execute(
        "INSERT OR IGNORE INTO manifests (digest, image_id, media_type, body) VALUES (?,?,?,?)", row
    )


def replace_blob(database: sqlite3.Connection, layer: LayerRow) -> None:
    """Let a layer be kept as another blob (packed otherwise); the old one is swept when no manifest names it."""
    database.execute(
        "UPDATE layers SET blob = ?, media_type = ?, blob_size = ?, boot = ? WHERE diff_id = ?",
        (layer.blob, layer.media_type, layer.blob_size, boot.id(), layer.diff_id),
    )


def untag(database: sqlite3.Connection, reference: str) -> None:
    database.execute("DELETE FROM tags WHERE reference = ?", (reference,))
    database.execute("DELETE FROM indexes WHERE reference = ?", (reference,))


def delete(database: sqlite3.Connection, image_id: str) -> None:
    """Forget an image with its tags; its layers stay until ``orphans`` are swept."""
    database.execute("DELETE FROM tags WHERE image_id = ?", (image_id,))
    database.execute("DELETE FROM image_layers WHERE image_id = ?", (image_id,))
    database.execute("DELETE FROM manifests WHERE image_id = ?", (image_id,))
    database.execute("DELETE FROM images WHERE id = ?", (image_id,))


def sweep_layers(database: sqlite3.Connection) -> list[LayerRow]:
    """Forget the layers that no image has; what was forgotten, so that their files can go."""
    gone = [
        LayerRow(*row)
        for row in database.execute(
            f"SELECT {_LAYER} FROM layers WHERE NOT EXISTS"
            " (SELECT 1 FROM image_layers WHERE image_layers.diff_id = layers.diff_id)"
        )
    ]
    database.executemany("DELETE FROM layers WHERE diff_id = ?", [(row.diff_id,) for row in gone])
    return gone


def unproven() -> list[tuple[LayerRow, str]]:
    """Layers that may not have reached the disk, and during which boot they were brought."""
    rows = db.connection().execute(f"SELECT {_LAYER}, boot FROM layers WHERE boot <> ''")
    return [(LayerRow(*row[:-1]), row[-1]) for row in rows]


def prove(database: sqlite3.Connection, diff_ids: list[str]) -> None:
    """Note that layers have reached the disk."""
    database.executemany(
        "UPDATE layers SET boot = '' WHERE diff_id = ?", [(diff_id,) for diff_id in diff_ids]
    )


def with_layer(diff_id: str) -> list[str]:
    """Ids of the images that have the layer."""
    rows = db.connection().execute(
        "SELECT DISTINCT image_id FROM image_layers WHERE diff_id = ?", (diff_id,)
    )
    return [id for (id,) in rows]


def known_layers(database: sqlite3.Connection) -> tuple[set[str], set[str]]:
    """(diff ids, blob digests) that the store must hold."""
    rows = database.execute("SELECT diff_id FROM layers")
    return {diff_id for (diff_id,) in rows}, all_blobs()


def all_blobs() -> set[str]:
    """Digests of the blobs that layers are kept as, and of those that manifests name."""
    database = db.connection()
    blobs = {blob for (blob,) in database.execute("SELECT blob FROM layers")}
    for (body,) in database.execute("SELECT body FROM manifests"):
        blobs.update(layer["digest"] for layer in json.loads(body)["layers"])
    return blobs
