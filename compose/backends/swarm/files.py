"""Secrets and configs of a Swarm."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from compose.backends.docker.client import Client
from compose.backends.docker.wire import quote
from compose.backends.swarm import reading
from schemas.engine import LabelFilter
from schemas.errors import Conflict, EngineError, NotFound
from schemas.services import Grant, Kind, StoredInfo, StoredSpec


def words(labels: LabelFilter) -> list[str]:
    """Labels as the words of a filter."""
    return [f"{key}={value}" if value else key for key, value in labels.items()]


def select(client: Client, kind: Kind, labels: LabelFilter | None = None) -> list[StoredInfo]:
    query = {"filters": json.dumps({"label": words(labels)})} if labels else None
    found = [reading.stored(each) for each in client.wire.get(f"/{kind}", query) or ()]
    return sorted(found, key=lambda info: info.name)


def ids(client: Client, kind: Kind, grants: Sequence[Grant]) -> dict[str, str]:
    """The ids of those that are granted, by name; NotFound."""
    wanted = {grant["source"] for grant in grants}
    if not wanted:
        return {}
    # The daemon's filter by name finds what begins with it, too.
    query = {"filters": json.dumps({"name": sorted(wanted)})}
    known = {each["Spec"]["Name"]: each["ID"] for each in client.wire.get(f"/{kind}", query) or ()}
    missing = sorted(wanted - set(known))
    if missing:
        raise NotFound(f"{kind[:-1]} {missing[0]} does not exist")
    return known


def create(client: Client, kind: Kind, spec: StoredSpec) -> None:
    """Conflict when the name exists."""
    body: dict[str, Any] = {"Name": spec["name"], "Labels": spec.get("labels") or {}}
    if "content" in spec:
        body["Data"] = base64.b64encode(spec["content"]).decode("ascii")
    if spec.get("driver"):
        body["Driver"] = {"Name": spec["driver"], "Options": spec.get("driver_opts") or {}}
    if spec.get("template_driver"):
        body["Templating"] = {"Name": spec["template_driver"]}
    client.wire.post(f"/{kind}/create", body=body, what=f"{kind[:-1]} {spec['name']}")


def remove(client: Client, kind: Kind, name: str) -> None:
    """Conflict while a service uses it, which the daemon says with a status for something else; NotFound."""
    try:
        client.wire.delete(f"/{kind}/{quote(name)}", what=f"{kind[:-1]} {name}")
    except EngineError as error:
        if "is in use" in error.message:
            raise Conflict(error.message) from error
        raise
