"""The host address of published ports that name none: the network's, else this machine's setting, else every address."""

from __future__ import annotations

from collections.abc import Iterable

from engine.network import machine
from schemas.specs import Port


def bound(ports: Iterable[Port], network: str = "") -> list[Port]:
    """The ports with their host address; ``network`` is what the network of the default route says. InvalidArgument."""
    found = list(ports)
    if all(port.get("host_ip") for port in found):
        return found
    default = network or machine.read().ip
    if not default:
        return found
    return [{**port, "host_ip": port.get("host_ip") or default} for port in found]
