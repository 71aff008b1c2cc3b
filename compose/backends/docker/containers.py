"""Containers of a daemon: list, look at, make, start, stop, wait for, remove."""

from __future__ import annotations

import io
import json
import time
from math import ceil

from compose.backends.docker import (
    belated,
    bodies,
    errors,
    mounts,
    records,
    refusals,
    respec,
)
from compose.backends.docker.client import Client
from compose.backends.docker.wire import quote, target
from schemas.errors import Conflict, EngineError, Failed, InvalidArgument, NotFound
from schemas.records import ContainerInfo, Exit
from schemas.specs import ContainerSpec, Endpoint
from schemas.typed import Any

ACTIVE = ("running", "paused", "restarting")
_REMOVAL = 60.0  # seconds that a removal which somebody else began may take
_LOOK_EVERY = 0.1  # seconds; health changes by whole ones


def path(id: str, *more: str) -> str:
    """Where a container is in the API. InvalidArgument for a name that cannot be one."""
    if not id or "/" in id:
        raise InvalidArgument(f"invalid container name or id: {id!r}")
    return "/".join(("/containers", quote(id), *more))


def select(client: Client, labels: dict[str, str] | None, *, all: bool) -> list[ContainerInfo]:
    """Those with the labels, oldest first: one listing, and a look at each, sent one after the other without waiting."""
    filters = json.dumps({"label": words(labels)}) if labels else None
    rows = client.wire.get("/containers/json", {"all": all, "filters": filters})
    targets = [target(path(row["Id"], "json")) for row in rows]
    found = []
    for status, document in client.wire.many(targets):
        if status == 404:
            continue  # removed since it was listed
        if status >= 400:
            errors.raise_for(status, document)
        found.append(records.container(document))
    return sorted(found, key=lambda info: info.created)


def words(labels: dict[str, str]) -> list[str]:
    """Labels as a filter; an empty value asks for the key alone."""
    return [f"{key}={value}" if value else key for key, value in labels.items()]


def look(client: Client, id: str) -> dict[str, Any]:
    """All that the daemon says of a container; NotFound."""
    found: dict[str, Any] = client.wire.get(path(id, "json"))
    return found


def get(client: Client, id: str) -> ContainerInfo:
    return records.container(look(client, id))


def spec(client: Client, id: str) -> ContainerSpec:
    """The spec it could have been made from, with the files that were copied into it. NotFound."""
    found = look(client, id)
    try:
        image = client.wire.get(f"/images/{quote(found['Image'])}/json").get("Config") or {}
    except NotFound:
        image = {}  # it is gone: what came from it counts as asked for
    spec = respec.spec(found, image)
    for file in spec.get("files") or []:
        if not mounts.bound(file):
            from compose.backends.docker import files as copies

            file["content"] = copies.content(client, found["Id"], file["target"])
    return spec


def check(client: Client, wanted: ContainerSpec) -> None:
    """Raise what the body, or the files to be copied, cannot be made for."""
    refusals.check(wanted)
    bodies.container(wanted, client.version)
    mounts.copied(wanted)


def create(client: Client, wanted: ContainerSpec) -> ContainerInfo:
    """Make a container, with the files that it needs and on all its networks; nothing is left of one that fails."""
    refusals.check(wanted)
    body = bodies.container(wanted, client.version)
    files = mounts.copied(wanted)
    try:
        id = _create(client, wanted, body)
    except Conflict:
        if not _remove_belated(client, wanted):
            raise
        id = _create(client, wanted, body)
    try:
        for place in bodies.later(wanted, client.version):
            connect(client, id, place, wanted)
        if files:
            from compose.backends.docker import files as copies

            client.wire.put(path(id, "archive"), {"path": "/"}, io.BytesIO(copies.archive(files)))
        return get(client, id)
    except BaseException:
        remove(client, id, force=True, volumes=True)
        raise


def _create(client: Client, wanted: ContainerSpec, body: dict[str, Any]) -> str:
    with client.explained(f"container {wanted['name']}" if wanted["name"] else ""):
        made = client.api.create_container_from_config(  # type: ignore[no-untyped-call]
            body, wanted["name"] or None, wanted.get("platform") or None
        )
    return str(made["Id"])


def _remove_belated(client: Client, wanted: ContainerSpec) -> bool:
    """Make way where the name belongs to a container that is what is wanted, but was never finished nor started."""
    found = belated.met(lambda: get(client, wanted["name"])) if wanted["name"] else None
    if found is None or found.state != "created":
        return False
    if not belated.is_ours(wanted.get("labels") or {}, found.labels):
        return False
    remove(client, found.id, force=True, volumes=True)
    return True


def connect(client: Client, id: str, place: Endpoint, of: ContainerSpec | None = None) -> None:
    """docker-py knows no priorities, interface names and addresses of hardware, so the body is ours."""
    body = {"Container": id, "EndpointConfig": bodies.endpoint(place, of, client.version)}
    client.wire.post(f"/networks/{quote(place['network'])}/connect", body=body)


def disconnect(client: Client, id: str, network: str, *, force: bool) -> None:
    with client.explained():
        client.api.disconnect_container_from_network(id, network, force=force)


def start(client: Client, id: str) -> None:
    """StartFailed with the reason of the runtime, Conflict for a port that is taken."""
    try:
        with client.explained():
            client.api.start(id)
    except EngineError as error:
        raise errors.not_started(error) from error


def stop(client: Client, id: str, *, timeout: float | None, signal: str | None) -> None:
    query = {"t": None if timeout is None else ceil(timeout), "signal": signal}
    client.wire.post(path(id, "stop"), query)


def kill(client: Client, id: str, *, signal: str) -> None:
    with client.explained():
        client.api.kill(id, signal)


def restart(client: Client, id: str, *, timeout: float | None) -> None:
    try:
        client.wire.post(path(id, "restart"), {"t": None if timeout is None else ceil(timeout)})
    except EngineError as error:
        raise errors.not_started(error) from error


def rename(client: Client, id: str, name: str) -> None:
    with client.explained():
        client.api.rename(id, name)


def pause(client: Client, id: str) -> None:
    with client.explained():
        client.api.pause(id)


def unpause(client: Client, id: str) -> None:
    """Conflict when it is not paused, which a daemon takes for a failure of its own."""
    try:
        with client.explained():
            client.api.unpause(id)
    except Failed as error:
        if get(client, id).state != "paused":
            raise Conflict(error.message) from error
        raise


def remove(client: Client, id: str, *, force: bool, volumes: bool) -> None:
    """With ``volumes`` also the anonymous ones it took over from a predecessor: by name, the daemon keeps these."""
    taken = []
    if volumes:
        taken = [mount.source for mount in get(client, id).mounts if mount.anonymous]
    try:
        with client.explained():
            client.api.remove_container(id, v=volumes, force=force)
    except Conflict as err:
        if "already in progress" not in err.message:
            raise
        _await_removal(client, id)  # a killed command has asked for it
    for name in taken:
        try:
            client.wire.delete(f"/volumes/{quote(name)}")
        except (NotFound, Conflict):
            continue  # it went with the container, or another one uses it


def _await_removal(client: Client, id: str) -> None:
    deadline = time.monotonic() + _REMOVAL
    try:
        while time.monotonic() < deadline:
            get(client, id)
            time.sleep(0.05)
    except NotFound:
        return
    raise Failed(f"container {id}: its removal does not come to an end")


def wait(client: Client, id: str, *, timeout: float | None) -> Exit:
    """Block until it does not run, nor is about to again; TimeoutError. Removed meanwhile: what was heard of it."""
    deadline = None if timeout is None else time.monotonic() + timeout
    info = get(client, id)
    code = info.exit_code
    while info.state in ACTIVE:
        response = client.wire.stream("POST", path(info.id, "wait"))
        try:
            if deadline is not None:
                response.connection.socket.settimeout(max(0.001, deadline - time.monotonic()))
            code = json.loads(response.all() or b"{}").get("StatusCode", code)
        except TimeoutError:
            raise TimeoutError(f"container {info.name} is still {info.state}") from None
        finally:
            response.close()
        try:
            info = get(client, info.id)
        except NotFound:
            return Exit(code, time.time())
    return Exit(info.exit_code, info.finished, info.oom_killed, info.error)


def wait_healthy(client: Client, id: str, *, timeout: float | None) -> ContainerInfo:
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        info = get(client, id)
        settled = info.health in ("healthy", "unhealthy") or (
            info.health == "" and info.state == "running"
        )
        if info.state not in ACTIVE or settled:
            return info
        left = _LOOK_EVERY if deadline is None else min(_LOOK_EVERY, deadline - time.monotonic())
        if left <= 0:
            raise TimeoutError(f"container {info.name} is still {info.health or info.state}")
        time.sleep(left)
