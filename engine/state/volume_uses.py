"""Which container uses which volume, and the volumes that were made for one container."""

from __future__ import annotations

import json
import sqlite3

from engine.state import db
from schemas.errors import NotFound


def insert(database: sqlite3.Connection, container_id: str, volumes: list[str]) -> None:
    """Record that the container uses the volumes; while it does they cannot be removed."""
    database.executemany(
        "INSERT OR IGNORE INTO volume_uses (container_id, volume) VALUES (?,?)",
        [(container_id, volume) for volume in volumes],
    )


def insert_anonymous(
    database: sqlite3.Connection, name: str, labels: dict[str, str], created: float
) -> None:
    """Record a volume that goes with the container it is made for."""
    database.execute(
        "INSERT INTO volumes (name, driver, labels, options, created, anonymous) VALUES (?,?,?,?,?,1)",
        (name, "local", json.dumps(labels), "{}", created),
    )


def is_anonymous(database: sqlite3.Connection, name: str) -> bool:
    """NotFound when there is no such volume."""
    found = database.execute("SELECT anonymous FROM volumes WHERE name = ?", (name,)).fetchone()
    if found is None:
        raise NotFound(f"volume {name} not found")
    return bool(found[0])


def users(volume: str) -> list[str]:
    """Ids of the containers that use the volume."""
    rows = db.connection().execute(
        "SELECT container_id FROM volume_uses WHERE volume = ? ORDER BY container_id", (volume,)
    )
    return [id for (id,) in rows]


def release(database: sqlite3.Connection, container_id: str) -> list[str]:
    """Forget the container's uses, and the anonymous volumes that nobody else uses; their names."""
    used = database.execute(
        "SELECT volume FROM volume_uses JOIN volumes ON name = volume"
        " WHERE container_id = ? AND anonymous = 1",
        (container_id,),
    ).fetchall()
    database.execute("DELETE FROM volume_uses WHERE container_id = ?", (container_id,))
    gone = []
    for (volume,) in used:
        left = database.execute(
            "SELECT 1 FROM volume_uses WHERE volume = ? LIMIT 1", (volume,)
        ).fetchone()
        if left is None:
            database.execute("DELETE FROM volumes WHERE name = ?", (volume,))
            gone.append(volume)
    return gone
