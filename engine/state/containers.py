"""Rows of containers and of their places on networks.

A container's directory is made and its row inserted inside one write transaction, so under the write lock every
directory without a row is rubbish that a killed command left (``engine.recovery`` sweeps it).
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from engine.state import db
from schemas.errors import Conflict, InvalidArgument, NotFound
from schemas.labels import PROJECT
from schemas.typed import NamedTuple, TypedDict

if TYPE_CHECKING:
    from schemas.specs import ContainerSpec, Endpoint, Mount


class Facts(TypedDict):
    """What is settled when a container is made, kept apart from the spec so that listing stays cheap."""

    command: list[str]  # entrypoint + command as run
    tty: bool
    exposed: list[str]
    network_mode: str  # "container:<id>" with the id resolved
    mounts: list[Mount]  # with every volume named
    anonymous: list[str]  # names of the volumes made for this container
    healthcheck: bool
    auto_remove: bool
    logging: str
    limited: bool  # whether what it writes has a limit


class ContainerRow(NamedTuple):
    id: str
    name: str
    image: str
    image_id: str
    labels: dict[str, str]
    created: float
    facts: Facts


class EndpointRow(NamedTuple):
    container_id: str
    network_id: str
    network: str
    position: int
    ipv4: str
    ipv6: str
    mac: str
    endpoint: Endpoint


_COLUMNS = "id, name, image, image_id, labels, created, facts"
_ENDPOINTS = (
    "SELECT container_id, network_id, networks.name, position, ipv4, ipv6, mac, endpoint"
    " FROM endpoints JOIN networks ON networks.id = network_id"
)


def insert(database: sqlite3.Connection, row: ContainerRow, spec: ContainerSpec) -> None:
    """Claim the name and record the container; Conflict when the name is taken."""
    try:
        database.execute(
            f"INSERT INTO containers ({_COLUMNS}, project, spec) VALUES (?,?,?,?,?,?,?,?,?)",
            (
                row.id,
                row.name,
                row.image,
                row.image_id,
                _dump(row.labels),
                row.created,
                _dump(row.facts),
                row.labels.get(PROJECT, ""),
                _dump(spec),
            ),
        )
    except sqlite3.IntegrityError as err:
        raise _taken(database, row.name) from err


def insert_endpoint(database: sqlite3.Connection, row: EndpointRow) -> None:
    """Record a place on a network; Conflict when the container has one there or the address is taken."""
    try:
        database.execute(
            "INSERT INTO endpoints (container_id, network_id, position, ipv4, ipv6, mac, endpoint)"
            " VALUES (?,?,?,?,?,?,?)",
            (
                row.container_id,
                row.network_id,
                row.position,
                row.ipv4,
                row.ipv6,
                row.mac,
                _dump(row.endpoint),
            ),
        )
    except sqlite3.IntegrityError as err:
        raise Conflict(
            f"network {row.network}: the container is attached already, or {row.ipv4 or row.ipv6} is in use"
        ) from err


def delete_endpoint(database: sqlite3.Connection, container_id: str, network_id: str) -> bool:
    cursor = database.execute(
        "DELETE FROM endpoints WHERE container_id = ? AND network_id = ?",
        (container_id, network_id),
    )
    return cursor.rowcount > 0


def select(labels: dict[str, str] | None = None) -> list[ContainerRow]:
    """The containers that have all ``labels`` (an empty value asks only for the key), oldest first."""
    wanted = labels or {}
    project = wanted.get(PROJECT)
    where, values = ("WHERE project = ? ", (project,)) if project else ("", ())
    rows = db.connection().execute(
        f"SELECT {_COLUMNS} FROM containers {where}ORDER BY created, id", values
    )
    return [row for row in map(_row, rows) if matches(row.labels, wanted)]


def get(reference: str) -> ContainerRow:
    """A container by id, name or unambiguous id prefix; NotFound."""
    name = reference.removeprefix("/")
    database = db.connection()
    for where, value in (("id = ?", name), ("name = ?", name)):
        found = database.execute(
            f"SELECT {_COLUMNS} FROM containers WHERE {where}", (value,)
        ).fetchone()
        if found:
            return _row(found)
    if name and not name.strip("0123456789abcdef"):
        rows = database.execute(
            f"SELECT {_COLUMNS} FROM containers WHERE id GLOB ? LIMIT 2", (name + "*",)
        ).fetchall()
        if len(rows) == 1:
            return _row(rows[0])
        if rows:
            raise InvalidArgument(f"more than one container id begins with {name}")
    raise NotFound(f"No such container: {reference}")


def spec(id: str) -> ContainerSpec:
    """The spec as it was asked for; NotFound."""
    found = db.connection().execute("SELECT spec FROM containers WHERE id = ?", (id,)).fetchone()
    if not found:
        raise NotFound(f"No such container: {id}")
    loaded: ContainerSpec = json.loads(found[0])
    return loaded


def ids() -> set[str]:
    return {id for (id,) in db.connection().execute("SELECT id FROM containers")}


def endpoints(id: str) -> list[EndpointRow]:
    """The container's places on networks, in order of their interfaces."""
    rows = db.connection().execute(f"{_ENDPOINTS} WHERE container_id = ? ORDER BY position", (id,))
    return [_endpoint(row) for row in rows]


def all_endpoints(project: str | None = None) -> dict[str, list[EndpointRow]]:
    """Every container's places on networks (of one project), by container id."""
    where, values = "", ()
    if project:
        where = " WHERE container_id IN (SELECT id FROM containers WHERE project = ?)"
        values = (project,)  # type: ignore[assignment]
    found: dict[str, list[EndpointRow]] = {}
    for row in db.connection().execute(f"{_ENDPOINTS}{where} ORDER BY position", values):
        found.setdefault(row[0], []).append(_endpoint(row))
    return found


def rename(database: sqlite3.Connection, id: str, name: str) -> None:
    """Conflict when the name is taken."""
    try:
        database.execute("UPDATE containers SET name = ? WHERE id = ?", (name, id))
    except sqlite3.IntegrityError as err:
        raise _taken(database, name) from err


def delete(database: sqlite3.Connection, id: str) -> bool:
    """Forget the container, its endpoints and its claims on volumes; says whether it was there."""
    return database.execute("DELETE FROM containers WHERE id = ?", (id,)).rowcount > 0


def matches(labels: dict[str, str], wanted: dict[str, str]) -> bool:
    """Every wanted key is there, with its value when one is asked for."""
    return all(
        key in labels and (not value or labels[key] == value) for key, value in wanted.items()
    )


def _row(columns: tuple[str, str, str, str, str, float, str]) -> ContainerRow:
    id, name, image, image_id, labels, created, facts = columns
    return ContainerRow(id, name, image, image_id, json.loads(labels), created, json.loads(facts))


def _endpoint(columns: tuple[str, str, str, int, str, str, str, str]) -> EndpointRow:
    return EndpointRow(*columns[:7], json.loads(columns[7]))


def _taken(database: sqlite3.Connection, name: str) -> Conflict:
    holder = database.execute("SELECT id FROM containers WHERE name = ?", (name,)).fetchone()
    by = f" by container {holder[0][:12]}" if holder else ""
    return Conflict(f'container name "{name}" is already in use{by}')


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
