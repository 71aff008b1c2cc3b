"""Rows of networks, and the addresses given out on them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from engine.state import db
from engine.state.containers import matches
from schemas.errors import Conflict, InvalidArgument, NotFound
from schemas.labels import PROJECT
from schemas.specs import NetworkSpec
from schemas.typed import NamedTuple


class NetworkRow(NamedTuple):
    id: str
    name: str
    driver: str
    bridge: str  # interface on the host, "" for host and none
    plan: dict[str, object]  # engine.network.bridge.NetworkPlan
    spec: NetworkSpec
    labels: dict[str, str]
    created: float


_COLUMNS = "id, name, driver, bridge, plan, spec, labels, created"


def insert(database: sqlite3.Connection, row: NetworkRow) -> None:
    """Claim the name; Conflict when it is taken."""
    try:
        database.execute(
            f"INSERT INTO networks ({_COLUMNS}, project) VALUES (?,?,?,?,?,?,?,?,?)",
            (
                row.id,
                row.name,
                row.driver,
                row.bridge,
                _dump(row.plan),
                _dump(row.spec),
                _dump(row.labels),
                row.created,
                row.labels.get(PROJECT, ""),
            ),
        )
    except sqlite3.IntegrityError as err:
        raise Conflict(f"network with name {row.name} already exists") from err


def select(labels: dict[str, str] | None = None) -> list[NetworkRow]:
    """The networks that have all ``labels``, by name."""
    wanted = labels or {}
    project = wanted.get(PROJECT)
    where, values = ("AND project = ? ", (project,)) if project else ("", ())
    rows = db.connection().execute(
        f"SELECT {_COLUMNS} FROM networks WHERE NOT removing {where}ORDER BY name", values
    )
    return [row for row in map(_row, rows) if matches(row.labels, wanted)]


def named(name: str) -> NetworkRow | None:
    """The network of that very name."""
    return _find("name = ?", name)


def get(reference: str) -> NetworkRow:
    """A network by id, name or unambiguous id prefix; NotFound."""
    found = _find("id = ?", reference) or named(reference) or _by_prefix(reference)
    if found is None:
        raise NotFound(f"network {reference} not found")
    return found


def _find(where: str, value: str) -> NetworkRow | None:
    found = (
        db.connection()
        .execute(f"SELECT {_COLUMNS} FROM networks WHERE NOT removing AND {where}", (value,))
        .fetchone()
    )
    return _row(found) if found else None


def _by_prefix(prefix: str) -> NetworkRow | None:
    if not prefix or prefix.strip("0123456789abcdef"):
        return None
    rows = (
        db.connection()
        .execute(
            f"SELECT {_COLUMNS} FROM networks WHERE NOT removing AND id GLOB ? LIMIT 2",
            (prefix + "*",),
        )
        .fetchall()
    )
    if len(rows) > 1:
        raise InvalidArgument(f"more than one network id begins with {prefix}")
    return _row(rows[0]) if rows else None


def taken_addresses(database: sqlite3.Connection, network_id: str) -> tuple[list[str], list[str]]:
    """The IPv4 and IPv6 addresses given out, without prefix length."""
    rows = database.execute(
        "SELECT ipv4, ipv6 FROM endpoints WHERE network_id = ?", (network_id,)
    ).fetchall()
    claimed = database.execute("SELECT ipv4, '' FROM claims WHERE network_id = ?", (network_id,))
    rows += claimed.fetchall()
    return (
        [four.partition("/")[0] for four, _ in rows if four],
        [six.partition("/")[0] for _, six in rows if six],
    )


def claim(
    database: sqlite3.Connection, network_id: str, ipv4: str, pid: int, start_time: int
) -> None:
    """Give an address to a process for as long as it lives."""
    database.execute(
        "INSERT INTO claims (network_id, ipv4, pid, start_time) VALUES (?,?,?,?)",
        (network_id, ipv4, pid, start_time),
    )


def release_claims(database: sqlite3.Connection, pid: int) -> None:
    """Take back all that a process has claimed."""
    database.execute("DELETE FROM claims WHERE pid = ?", (pid,))


def sweep_claims(database: sqlite3.Connection, alive: Callable[[int, int], bool]) -> None:
    """Take back what processes had claimed that are gone; ``alive`` is asked with pid and start time."""
    held = database.execute("SELECT DISTINCT pid, start_time FROM claims").fetchall()
    for pid, start_time in held:
        if not alive(pid, start_time):
            database.execute(
                "DELETE FROM claims WHERE pid = ? AND start_time = ?", (pid, start_time)
            )


def attached(network_id: str) -> list[str]:
    """Ids of the containers with a place on the network."""
    rows = db.connection().execute(
        "SELECT container_id FROM endpoints WHERE network_id = ? ORDER BY container_id",
        (network_id,),
    )
    return [id for (id,) in rows]


def condemn(database: sqlite3.Connection, row: NetworkRow) -> bool:
    """From now on nobody finds the network; Conflict while a container has a place on it. Says whether it was there."""
    names = database.execute(
        "SELECT name FROM containers JOIN endpoints ON container_id = id WHERE network_id = ?",
        (row.id,),
    ).fetchall()
    if names:
        users = ", ".join(sorted(name for (name,) in names))
        raise Conflict(f"network {row.name} has active endpoints ({users})")
    changed = database.execute(
        "UPDATE networks SET removing = 1 WHERE id = ? AND NOT removing", (row.id,)
    )
    return changed.rowcount > 0


def condemned(name: str | None = None) -> list[NetworkRow]:
    """Networks (of that name) whose removal began and did not end."""
    where, values = ("AND name = ?", (name,)) if name else ("", ())
    rows = db.connection().execute(
        f"SELECT {_COLUMNS} FROM networks WHERE removing {where}", values
    )
    return [_row(row) for row in rows]


def delete(database: sqlite3.Connection, row: NetworkRow) -> None:
    """Forget the network; its name is free again."""
    database.execute("DELETE FROM networks WHERE id = ?", (row.id,))


def _row(columns: tuple[str, str, str, str, str, str, str, float]) -> NetworkRow:
    id, name, driver, bridge, plan, spec, labels, created = columns
    return NetworkRow(
        id,
        name,
        driver,
        bridge,
        json.loads(plan),
        json.loads(spec),
        json.loads(labels),
        created,
    )


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
