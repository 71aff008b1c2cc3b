"""Settings of this machine for its networks: where published ports listen, and where subnets are taken from.

Read from Docker's ``/etc/docker/daemon.json`` (keys ``ip`` and ``default-address-pools``, so that what holds for dockerd
holds here), under ``/etc/pycompose/networks.json`` (``$PYCOMPOSE_NETWORKS``) with the same two keys, under
``$PYCOMPOSE_DEFAULT_BIND``.
"""

from __future__ import annotations

import _socket
import json
import os
from collections.abc import Mapping
from typing import Any

from schemas.errors import InvalidArgument
from schemas.typed import NamedTuple

_DOCKER = "/etc/docker/daemon.json"
_OURS = "/etc/pycompose/networks.json"
_BIND, _FILE = "PYCOMPOSE_DEFAULT_BIND", "PYCOMPOSE_NETWORKS"
_IP, _POOLS = "ip", "default-address-pools"
_FAMILIES = {False: _socket.AF_INET, True: _socket.AF_INET6}


class Settings(NamedTuple):
    """``ip``: the address of ports that name none, "" for every one. ``pools``: (base, prefix length of its parts)."""

    ip: str = ""
    pools: tuple[tuple[str, int], ...] = ()


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """InvalidArgument names the file or the variable that cannot be understood."""
    found = Settings()
    ours = environ.get(_FILE) or _OURS
    for path in (_DOCKER, ours):
        document = _load(path, must=path not in (_DOCKER, _OURS))
        if path == ours and set(document) - {_IP, _POOLS}:
            unknown = sorted(set(document) - {_IP, _POOLS})[0]
            raise InvalidArgument(f"{path}: unknown key {unknown!r} (there are {_IP}, {_POOLS})")
        if document.get(_IP):
            found = found._replace(ip=_address(str(document[_IP]), f"{path}: {_IP}"))
        if document.get(_POOLS):
            found = found._replace(pools=_pools(document[_POOLS], path))
    asked = environ.get(_BIND, "").strip()
    if asked:
        found = found._replace(ip=_address(asked, _BIND))
    return found._replace(ip="") if found.ip == "0.0.0.0" and not asked else found


def _load(path: str, *, must: bool) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as err:
        if must:
            raise InvalidArgument(f"{path}: {err.strerror} (named by {_FILE})") from err
        return {}  # dockerd's file may be for root's eyes only
    except ValueError as err:
        raise InvalidArgument(f"{path}: not JSON: {err}") from err
    if not isinstance(document, dict):
        raise InvalidArgument(f"{path}: must be an object")
    return document


def _address(text: str, where: str) -> str:
    address = text.strip("[]")
    try:
        _socket.inet_pton(_FAMILIES[":" in address], address)
    except OSError:
        raise InvalidArgument(f"{where}={text} is not an IP address") from None
    return address


def _pools(value: Any, path: str) -> tuple[tuple[str, int], ...]:
    """The pools for IPv4: of IPv6 every network has a prefix of its own."""
    found = []
    for entry in value if isinstance(value, list) else [value]:
        try:
            base, size = str(entry["base"]), int(entry["size"])
            address, _, length = base.partition("/")
            _socket.inet_pton(_FAMILIES[":" in address], address)
            wrong = not int(length) <= size <= (128 if ":" in address else 30)
        except (KeyError, TypeError, ValueError, OSError):
            wrong = True
        if wrong:
            raise InvalidArgument(
                f'{path}: {_POOLS}: {entry} is not written like {{"base": "10.64.0.0/12", "size": 24}}'
            )
        if ":" not in base:
            found.append((base, size))
    return tuple(found)
