"""Attach a container to a network and take it off again, running or not."""

from __future__ import annotations

from engine import addresses, networks, paths, running
from engine.state import containers as rows
from engine.state import db, journal, locks
from engine.state import networks as network_rows
from engine.state.containers import ContainerRow
from engine.state.networks import NetworkRow
from schemas.errors import Conflict, EngineError, NotFound
from schemas.specs import Endpoint


def connect(reference: str, endpoint: Endpoint) -> None:
    """Give the container a place on one more network; at once when it runs. Conflict when it has one there."""
    from engine.runtime import control

    row = rows.get(reference)
    if row.facts["network_mode"] not in ("", "bridge", "default"):
        raise Conflict(
            f'container "{row.name}" shares the network of {row.facts["network_mode"]} and cannot be connected'
        )
    network = network_rows.get(endpoint["network"])
    try:
        with locks.on_directory(paths.container_dir(row.id)):
            with db.transaction() as database:
                position = addresses.free_position(rows.endpoints(row.id))
                place = addresses.allocate(database, row.id, endpoint, position=position)
            if running.active(row):
                networks.ensure(network)
                plans = addresses.plans(row, rows.endpoints(row.id), rows.spec(row.id))
                plan = next(plan for plan in plans if plan["network_id"] == place.network_id)
                try:
                    control.request(row.id, {"type": "connect", "endpoint": plan})
                except EngineError:
                    with db.transaction() as database:
                        rows.delete_endpoint(database, row.id, place.network_id)
                    raise
    except FileNotFoundError as err:
        raise NotFound(f"No such container: {reference}") from err
    _record("connect", network, row)


def disconnect(reference: str, network: str, *, force: bool = False) -> None:
    """Take the container off the network; NotFound when it has no place there, unless ``force``."""
    from engine.runtime import control

    row = rows.get(reference)
    found = network_rows.get(network)
    try:
        with locks.on_directory(paths.container_dir(row.id)):
            if not any(place.network_id == found.id for place in rows.endpoints(row.id)):
                if force:
                    return
                raise NotFound(f'container "{row.name}" is not connected to network {found.name}')
            if running.active(row):
                control.request(row.id, {"type": "disconnect", "network_id": found.id})
            with db.transaction() as database:
                rows.delete_endpoint(database, row.id, found.id)
    except FileNotFoundError as err:
        raise NotFound(f"No such container: {reference}") from err
    _record("disconnect", found, row)


def _record(action: str, network: NetworkRow, row: ContainerRow) -> None:
    journal.append(
        "network",
        action,
        network.id,
        {**network.labels, "name": network.name, "type": network.driver, "container": row.id},
    )
