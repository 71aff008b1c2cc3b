"""A daemon's own membership of a Swarm, for ``pycompose swarm``."""

from __future__ import annotations

from compose.backends.docker.client import Client
from compose.backends.swarm import cluster
from compose.backends.swarm.cluster import PORT, Membership, Role


class Swarm:
    """The daemon that the environment names, and the Swarm that it is in."""

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client()

    def close(self) -> None:
        self._client.close()

    def init(self, *, advertise: str, listen: str, pools: list[str], data_path: str) -> str:
        """Begin one; the node's id. Conflict when the daemon is in one already."""
        return cluster.init(
            self._client, advertise=advertise, listen=listen, pools=pools, data_path=data_path
        )

    def join(self, hosts: list[str], token: str, *, advertise: str, listen: str) -> Membership:
        """Join through any of the managers; what the daemon is there."""
        return cluster.join(self._client, hosts, token, advertise=advertise, listen=listen)

    def leave(self, *, force: bool) -> None:
        """Take the daemon out."""
        cluster.leave(self._client, force=force)

    def token(self, role: Role, *, rotate: bool) -> str:
        """What another daemon needs to join; Unavailable unless this is a manager."""
        return cluster.token(self._client, role, rotate=rotate)

    def address(self) -> str:
        """Where others reach this manager."""
        address = cluster.membership(self._client).address
        return f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"


__all__ = ["Membership", "Role", "Swarm"]
