"""Who is on a network: a small file for each running endpoint, written by its shim and read by every resolver there.

A directory is read again when its modification time changes, so an answer costs one stat(2) a network.
"""

from __future__ import annotations

import json
import os
import time

from engine import paths
from engine.network.endpoint import EndpointPlan
from schemas.typed import NamedTuple, TypedDict

# File times advance with the timer tick (at worst 10 ms): a directory changed that recently may change again unseen.
_TICK = 0.02


class _File(TypedDict):
    network: str
    names: list[str]
    addresses: list[str]


class _Network(NamedTuple):
    """What a directory said: names in lower case to addresses, addresses to the first name."""

    modified: int
    settled: bool
    name: str
    addresses: dict[str, list[str]]
    names: dict[str, str]


_EMPTY = _Network(-1, True, "", {}, {})


def announce(plan: EndpointPlan, container_id: str) -> None:
    """Let the network know the container's names and addresses; what it knew of the container before is replaced."""
    directory = paths.names_dir(plan["network_id"])
    addresses = [item.partition("/")[0] for item in (plan["ipv4"], plan["ipv6"]) if item]
    content: _File = {"network": plan["network"], "names": plan["names"], "addresses": addresses}
    temporary = f"{directory}/.{container_id}"
    os.makedirs(directory, mode=0o700, exist_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, json.dumps(content).encode())
    finally:
        os.close(fd)
    os.rename(temporary, f"{directory}/{container_id}")


def withdraw(network_id: str, container_id: str) -> None:
    """Take the container's names off the network; absent is no error."""
    try:
        os.unlink(f"{paths.names_dir(network_id)}/{container_id}")
    except FileNotFoundError:
        pass


class Names:
    """The names on some networks, in the networks' order."""

    def __init__(self, network_ids: list[str]) -> None:
        self._ids = list(network_ids)
        self._known: dict[str, _Network] = {}

    def addresses(self, name: str) -> list[str]:
        """Addresses, IPv4 and IPv6, of the first network that has the name; "name.network" asks that network alone.

        Upper and lower case are the same, and so are names with and without the final dot.
        """
        wanted = name.rstrip(".").lower()
        for id in self._ids:
            network = self._read(id)
            found = network.addresses.get(wanted)
            if found is None and wanted.endswith("." + network.name):
                found = network.addresses.get(wanted[: -len(network.name) - 1])
            if found:
                return list(found)
        return []

    def name_of(self, address: str) -> str | None:
        """The "name.network" of the endpoint that has the address."""
        for id in self._ids:
            network = self._read(id)
            if address in network.names:
                return network.names[address]
        return None

    def _read(self, id: str) -> _Network:
        known = self._known.get(id, _EMPTY)
        directory = paths.names_dir(id)
        try:
            modified = os.stat(directory).st_mtime_ns
        except FileNotFoundError:
            return _EMPTY
        if modified == known.modified and known.settled:
            return known
        settled = time.time() - modified / 1e9 > _TICK
        found = _load(directory)._replace(modified=modified, settled=settled)
        self._known[id] = found
        return found


def _load(directory: str) -> _Network:
    network = ""
    addresses: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for entry in sorted(os.listdir(directory)):
        if entry.startswith("."):
            continue
        try:
            with open(f"{directory}/{entry}", "rb") as file:
                content: _File = json.load(file)
        except FileNotFoundError:
            continue  # it went meanwhile: the directory will be read again
        network = content["network"].lower()
        for name in content["names"]:
            addresses.setdefault(name.lower(), []).extend(content["addresses"])
        for address in content["addresses"]:
            names[address] = f"{content['names'][0]}.{content['network']}"
    return _Network(0, True, network, addresses, names)
