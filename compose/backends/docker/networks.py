"""Networks of a daemon."""

from __future__ import annotations

import json

from compose.backends.docker import belated, bodies, records
from compose.backends.docker.client import Client
from compose.backends.docker.containers import words
from compose.backends.docker.wire import quote
from schemas.errors import Conflict, EngineError
from schemas.records import NetworkInfo
from schemas.specs import NetworkSpec


def select(client: Client, labels: dict[str, str] | None) -> list[NetworkInfo]:
    """Those with the labels. A listing does not tell of attached containers; ``get`` does."""
    filters = json.dumps({"label": words(labels)}) if labels else None
    return [records.network(found) for found in client.wire.get("/networks", {"filters": filters})]


def get(client: Client, name: str) -> NetworkInfo:
    """By name or id; NotFound."""
    return records.network(client.wire.get(f"/networks/{quote(name)}"))


def inspect(client: Client, name: str) -> dict[str, object]:
    """As the daemon says it; NotFound."""
    return dict(client.wire.get(f"/networks/{quote(name)}"))


def check(client: Client, spec: NetworkSpec) -> None:
    bodies.network(spec, client.version)


def create(client: Client, spec: NetworkSpec) -> NetworkInfo:
    """Conflict when the name is taken by another one. docker-py does not know ``enable_ipv4``, so the body is ours."""
    body = bodies.network(spec, client.version)
    try:
        made = client.wire.post("/networks/create", body=body)
    except Conflict:
        found = _belated(client, spec)
        if found is None:
            raise
        return found
    return get(client, str(made["Id"]))


def _belated(client: Client, spec: NetworkSpec) -> NetworkInfo | None:
    """The network of that name if it is what is wanted."""
    found = belated.met(lambda: get(client, spec["name"]))
    return found if found and belated.is_ours(spec.get("labels") or {}, found.labels) else None


def remove(client: Client, name: str) -> None:
    """Conflict while containers are attached, which a daemon says with a status for something else."""
    try:
        with client.explained():
            client.api.remove_network(name)
    except EngineError as error:
        if "active endpoints" in error.message:
            raise Conflict(error.message) from error
        raise
