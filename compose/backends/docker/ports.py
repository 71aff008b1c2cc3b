"""Host ports that the daemon's containers hold. What else holds a port there is known to the daemon alone."""

from __future__ import annotations

from compose.backends.docker.client import Client
from schemas.errors import Conflict
from schemas.specs import Port

_EVERYWHERE = ("", "0.0.0.0", "::")


def check(client: Client, ports: list[Port]) -> None:
    """Conflict names the first port that a container has published already."""
    held = [
        (port["PublicPort"], port["Type"], port.get("IP") or "", row["Names"][0].lstrip("/"))
        for row in client.wire.get("/containers/json")
        for port in row.get("Ports") or ()
        if port.get("PublicPort")
    ]
    for port in ports:
        address = port.get("host_ip") or ""
        for number, protocol, other, name in held:
            same = address == other or address in _EVERYWHERE or other in _EVERYWHERE
            if number == port.get("published") and protocol == port["protocol"] and same:
                raise Conflict(
                    f"host port {number}/{protocol} is in use: container {name} has published it"
                )
