"""The Swarm itself: whether there is one, its beginning, its members and their tokens."""

from __future__ import annotations

from typing import Any, Literal

from compose.backends.docker.client import Client
from schemas.errors import Unavailable
from schemas.typed import NamedTuple

Role = Literal["worker", "manager"]
PORT = 2377


class Membership(NamedTuple):
    """What a daemon says of its Swarm. ``state``: inactive, pending, active, error, locked."""

    state: str
    node_id: str
    address: str
    manager: bool
    error: str


def membership(client: Client) -> Membership:
    """The daemon's own view."""
    found = (client.wire.get("/info") or {}).get("Swarm") or {}
    return Membership(
        found.get("LocalNodeState") or "inactive",
        found.get("NodeID") or "",
        found.get("NodeAddr") or "",
        bool(found.get("ControlAvailable")),
        found.get("Error") or "",
    )


def require_manager(client: Client) -> None:
    """Unavailable, with what to do, unless the daemon manages a Swarm."""
    found = membership(client)
    if found.manager:
        return
    url = client.place.url
    if found.state == "active":
        raise Unavailable(
            f"the Docker daemon at {url} is a worker of its Swarm: services are managed by managers",
            hint="name a manager with DOCKER_HOST or a context, or promote this node",
        )
    if found.state == "locked":
        raise Unavailable(
            f"the Swarm of the Docker daemon at {url} is locked", hint="docker swarm unlock"
        )
    if found.error:
        raise Unavailable(f"the Swarm of the Docker daemon at {url}: {found.error}")
    raise Unavailable(
        f"the Docker daemon at {url} is not part of a Swarm",
        hint="pycompose swarm init makes it the first node of one; pycompose swarm join adds it to another",
    )


def init(client: Client, *, advertise: str, listen: str, pools: list[str], data_path: str) -> str:
    """Begin a Swarm with this daemon as its manager; the node's id. Conflict when it is in one."""
    body: dict[str, Any] = {"ListenAddr": listen or f"0.0.0.0:{PORT}", "AdvertiseAddr": advertise}
    if pools:
        body["DefaultAddrPool"] = pools
    if data_path:
        body["DataPathAddr"] = data_path
    return str(client.wire.post("/swarm/init", body=body, what="swarm init"))


def join(
    client: Client, remotes: list[str], token: str, *, advertise: str, listen: str
) -> Membership:
    """Add this daemon to a Swarm; what it is there."""
    body = {
        "RemoteAddrs": [each if ":" in each else f"{each}:{PORT}" for each in remotes],
        "JoinToken": token,
        "ListenAddr": listen or f"0.0.0.0:{PORT}",
        "AdvertiseAddr": advertise,
    }
    client.wire.post("/swarm/join", body=body, what="swarm join")
    return membership(client)


def leave(client: Client, *, force: bool) -> None:
    """Take this daemon out of its Swarm. Unavailable for a manager without ``force``."""
    client.wire.post("/swarm/leave", {"force": force}, what="swarm leave")


def token(client: Client, role: Role, *, rotate: bool) -> str:
    """What a daemon needs to join in a role; ``rotate``: a new one, the old one is void."""
    require_manager(client)
    if rotate:
        found = client.wire.get("/swarm")
        key = "rotateWorkerToken" if role == "worker" else "rotateManagerToken"
        query = {"version": int(found["Version"]["Index"]), key: True}
        client.wire.post("/swarm/update", query, found["Spec"], what="rotate the token")
    tokens = client.wire.get("/swarm")["JoinTokens"]
    return str(tokens["Worker" if role == "worker" else "Manager"])
