"""Networks: make, list, remove; and bring their bridge and rules into being when a container needs them.

Making a network writes a row only. The bridge appears with the first container that starts, which is the same path
that a reboot needs.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, cast

from engine import paths, support
from engine.state import db, journal
from engine.state import networks as rows
from engine.state.networks import NetworkRow
from schemas.errors import Conflict, EngineError
from schemas.records import NetworkInfo
from schemas.specs import NetworkSpec

if TYPE_CHECKING:
    from engine.network.bridge import NetworkPlan

# Names that mean the host's own stack and no network at all; they have no row.
BUILTIN = {"host": "host", "none": "null"}
DEFAULT = "bridge"

_ensured: set[tuple[str, str]] = set()
_ensuring = threading.Lock()


def select(labels: dict[str, str] | None = None) -> list[NetworkInfo]:
    return [_info(row) for row in rows.select(labels)]


def get(name: str) -> NetworkInfo:
    """By name or id, the built-in ones too; NotFound."""
    if name in BUILTIN:
        return NetworkInfo(name, name, BUILTIN[name], {}, False, (), (), 0.0)
    if name == DEFAULT:
        return _info(default())
    return _info(rows.get(name))


def create(spec: NetworkSpec) -> NetworkInfo:
    """Conflict when the name or a subnet is taken; Unsupported names what cannot be had."""
    support.check_network(spec)
    name = spec["name"]
    if name in BUILTIN or name == DEFAULT:
        raise Conflict(f"network {name} is built in")
    return _info(_create(spec))


def default() -> NetworkRow:
    """The network of containers that ask for none, made when it is first wanted."""
    found = rows.named(DEFAULT)
    if found is not None:
        return found
    try:
        return _create({"name": DEFAULT})
    except Conflict:
        return rows.get(DEFAULT)


def remove(name: str) -> None:
    """Remove the network, its bridge and its rules. Conflict while a container is attached; NotFound."""
    if name in BUILTIN:
        raise Conflict(f"{name} is a pre-defined network and cannot be removed")
    row = rows.get(name)
    with db.transaction() as database:
        condemned = rows.condemn(database, row)
    if condemned:
        finish_removal(row)


def finish_removal(row: NetworkRow) -> None:
    """Take away what a condemned network has in the kernel, and then its row: a killed command is continued by the next."""
    with _ensuring:
        plan = plan_of(row)
        if "driver" in plan:
            from engine.network import child

            child.remove(plan)
        else:
            _take_away(plan)
        _ensured.discard((paths.run(), row.id))
    try:
        os.rmdir(paths.names_dir(row.id))
    except OSError:
        pass  # never used, or a name is still in it: harmless, /run ends with the boot
    with db.transaction() as database:
        rows.delete(database, row)
    _record("destroy", row)


def _take_away(plan: NetworkPlan) -> None:
    """Rules and links at the same time: each waits for the kernel to be done with what it deletes."""
    from engine.network import bridge, firewall

    failed: list[EngineError] = []

    def rules() -> None:
        try:
            firewall.remove_network(plan)
        except EngineError as err:
            failed.append(err)

    thread = threading.Thread(target=rules)
    thread.start()
    try:
        bridge.remove(plan)
    finally:
        thread.join()
    if failed:
        raise failed[0]


def ensure(row: NetworkRow) -> None:
    """Have bridge and rules of the network in the kernel, once per process."""
    key = (paths.run(), row.id)
    if key in _ensured:
        return
    with _ensuring:
        if key in _ensured:
            return
        _bring_in(plan_of(row))
        os.makedirs(paths.names_dir(row.id), mode=0o700, exist_ok=True)
        _ensured.add(key)


def _bring_in(plan: NetworkPlan) -> None:
    if "driver" in plan:
        from engine.network import child

        child.ensure(plan)
        return
    from engine.network import bridge, firewall

    firewall.ensure_base()
    bridge.ensure(plan)
    firewall.ensure_network(plan)


def plan_of(row: NetworkRow) -> NetworkPlan:
    return cast("NetworkPlan", row.plan)


def _create(spec: NetworkSpec) -> NetworkRow:
    from engine.network import machine, planning

    pools = machine.read().pools
    for condemned in rows.condemned(spec["name"]):
        finish_removal(condemned)
    id = os.urandom(32).hex()
    # Routes change without asking us, so they are read before the lock is taken, not under it.
    host = _host_subnets()
    with db.transaction() as database:
        if rows.named(spec["name"]) is not None:
            raise Conflict(f"network with name {spec['name']} already exists")
        plan = planning.plan(id, spec, host, _used(), pools)
        row = NetworkRow(
            id,
            spec["name"],
            plan.get("driver", "bridge"),
            plan["bridge"],
            dict(plan),
            spec,
            spec.get("labels") or {},
            time.time(),
        )
        rows.insert(database, row)
    _record("create", row)
    return row


def _used() -> list[str]:
    return [subnet for row in rows.select() for subnet in plan_of(row)["subnets"]]


def _host_subnets() -> list[str]:
    from engine.network import bridge

    return bridge.host_subnets()


def _record(action: str, row: NetworkRow) -> None:
    journal.append("network", action, row.id, {**row.labels, "name": row.name, "type": row.driver})


def _info(row: NetworkRow) -> NetworkInfo:
    plan = plan_of(row)
    return NetworkInfo(
        row.id,
        row.name,
        row.driver,
        row.labels,
        plan["internal"],
        tuple(plan["subnets"]),
        tuple(plan["gateways"]),
        row.created,
        tuple(rows.attached(row.id)),
        dict(row.spec),
    )
