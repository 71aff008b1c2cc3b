"""Containers as objects: list, look at, rename. ``engine.creation`` makes them, ``engine.removal`` takes them away,
``engine.starting`` and ``engine.running`` bring them to life.

Reading verbs load this module and little more, so it imports little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.state import containers as rows
from engine.state.containers import ContainerRow, EndpointRow
from schemas.errors import Conflict
from schemas.records import Attachment, ContainerInfo, MountPoint, PortBinding

if TYPE_CHECKING:
    from engine.runtime.status import Status
    from schemas.specs import ContainerSpec, Mount

ACTIVE = ("running", "paused", "restarting")


def select(labels: dict[str, str] | None = None, *, all: bool = True) -> list[ContainerInfo]:
    """The containers that have all ``labels``, oldest first."""
    from engine.runtime import status
    from schemas.labels import PROJECT

    places = rows.all_endpoints((labels or {}).get(PROJECT))
    found = [info(row, places.get(row.id, []), status.read(row.id)) for row in rows.select(labels)]
    return found if all else [each for each in found if each.state in ACTIVE]


def get(reference: str) -> ContainerInfo:
    """By id, name or unambiguous id prefix; NotFound."""
    from engine.runtime import status

    row = rows.get(reference)
    return info(row, rows.endpoints(row.id), status.read(row.id))


def spec(reference: str) -> ContainerSpec:
    """The spec a container was created from; NotFound."""
    return rows.spec(rows.get(reference).id)


def info(row: ContainerRow, places: list[EndpointRow], status: Status | None) -> ContainerInfo:
    """The record of a container; without a status: as it was just made."""
    facts = row.facts
    anonymous = facts["anonymous"]
    fixed = ContainerInfo(
        row.id,
        row.name,
        row.image,
        row.image_id,
        row.labels,
        row.created,
        "created",
        command=tuple(facts["command"]),
        tty=facts["tty"],
        exposed=tuple(facts["exposed"]),
        networks=tuple(_attachment(place) for place in places),
        network_mode=facts["network_mode"],
        mounts=tuple(_mount_point(mount, anonymous) for mount in facts["mounts"]),
        has_healthcheck=facts["healthcheck"],
    )
    if status is None:
        return fixed
    return fixed._replace(
        state=status.state,
        health=status.health,
        pid=status.pid,
        exit_code=status.exit_code,
        started=status.started,
        finished=status.finished,
        restarts=status.restarts,
        oom_killed=status.oom_killed,
        error=status.error,
        ports=tuple(PortBinding(*port) for port in status.ports),
        stopping=status.stopping and status.state in ACTIVE,
    )


def rename(reference: str, name: str) -> None:
    """Conflict when the name is taken. Names in DNS follow when the container is started the next time."""
    row = rows.get(reference)
    if row.name == name:
        raise Conflict(f'container "{name}" has that name already')
    from engine.state import db

    with db.transaction() as database:
        rows.rename(database, row.id, name)
    record(row._replace(name=name), "rename", oldName=row.name)


def resolved_spec(row: ContainerRow) -> ContainerSpec:
    """The spec with everything settled that was left open when the container was made."""
    spec = rows.spec(row.id)
    spec["mounts"] = row.facts["mounts"]
    spec["name"] = row.name
    return spec


def record(row: ContainerRow, action: str, **attributes: str) -> None:
    """Put an event of this container into the journal."""
    from engine.state import journal

    journal.append(
        "container",
        action,
        row.id,
        {**row.labels, "name": row.name, "image": row.image, **attributes},
    )


def _attachment(place: EndpointRow) -> Attachment:
    return Attachment(
        place.network,
        place.network_id,
        place.ipv4.partition("/")[0],
        place.ipv6.partition("/")[0],
        place.mac,
        tuple(place.endpoint.get("aliases") or ()),
        place.endpoint.get("interface_name") or f"eth{place.position}",
    )


def _mount_point(mount: Mount, anonymous: list[str]) -> MountPoint:
    source = mount.get("source") or ""
    return MountPoint(
        mount["type"],
        mount["target"],
        source,
        bool(mount.get("read_only")),
        mount["type"] == "volume" and source in anonymous,
    )
