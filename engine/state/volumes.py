"""Rows of volumes. Which container uses which is in ``volume_uses``."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from engine.state import db
from schemas.labels import PROJECT
from schemas.typed import NamedTuple


class VolumeRow(NamedTuple):
    name: str
    driver: str
    labels: dict[str, str]
    options: dict[str, str]
    created: float
    anonymous: bool


_COLUMNS = "name, driver, labels, options, created, anonymous"


def get(name: str) -> VolumeRow | None:
    row = (
        db.connection()
        .execute(f"SELECT {_COLUMNS} FROM volumes WHERE name = ?", (name,))
        .fetchone()
    )
    return _row(row) if row else None


def select(labels: dict[str, str] | None) -> list[VolumeRow]:
    """The volumes that have all ``labels`` (an empty value asks only for the key), by name."""
    wanted = labels or {}
    project = wanted.get(PROJECT)
    where, values = (" WHERE project = ?", (project,)) if project else ("", ())
    found = db.connection().execute(f"SELECT {_COLUMNS} FROM volumes{where} ORDER BY name", values)
    return [row for row in map(_row, found) if _has(row.labels, wanted)]


def _has(labels: dict[str, str], wanted: dict[str, str]) -> bool:
    return all(key in labels and value in ("", labels[key]) for key, value in wanted.items())


def insert(database: sqlite3.Connection, row: VolumeRow) -> bool:
    """Record a volume; False when the name exists."""
    done = database.execute(
        f"INSERT OR IGNORE INTO volumes ({_COLUMNS}, project) VALUES (?,?,?,?,?,?,?)",
        (
            row.name,
            row.driver,
            json.dumps(row.labels),
            json.dumps(row.options),
            row.created,
            int(row.anonymous),
            row.labels.get(PROJECT, ""),
        ),
    )
    return done.rowcount == 1


def delete(database: sqlite3.Connection, name: str) -> None:
    database.execute("DELETE FROM volumes WHERE name = ?", (name,))


def names(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM volumes")}


def _row(row: Any) -> VolumeRow:
    name, driver, labels, options, created, anonymous = row
    return VolumeRow(
        name, driver, json.loads(labels), json.loads(options), created, bool(anonymous)
    )
