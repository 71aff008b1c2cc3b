"""The host address of published ports that name none: the network's, else this machine's setting, else every address."""

from __future__ import annotations

import _socket
import os
from collections.abc import Iterable

from schemas.errors import InvalidArgument
from schemas.specs import Port

SETTING = "PYCOMPOSE_DEFAULT_BIND"
_FAMILIES = {False: _socket.AF_INET, True: _socket.AF_INET6}


def bound(ports: Iterable[Port], network: str = "") -> list[Port]:
    """The ports with their host address; ``network`` is what the network of the default route says. InvalidArgument."""
    found = list(ports)
    if all(port.get("host_ip") for port in found):
        return found
    default = network or setting()
    if not default:
        return found
    return [{**port, "host_ip": port.get("host_ip") or default} for port in found]


def setting() -> str:
    """The address in $PYCOMPOSE_DEFAULT_BIND; "" for none. InvalidArgument when it is no address."""
    address = os.environ.get(SETTING, "").strip().strip("[]")
    if not address:
        return ""
    try:
        _socket.inet_pton(_FAMILIES[":" in address], address)
    except OSError:
        raise InvalidArgument(f"{SETTING}={address} is not an IP address") from None
    return address
