"""What must be true on this host before ``up`` makes anything: files that exist, host ports that are free."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from compose.observed import Observed
from compose.ops.faults import Fault
from compose.project import Project
from schemas.engine import Engine
from schemas.errors import Conflict
from schemas.specs import ContainerSpec, Port
from schemas.typed import NamedTuple

HOST_BINDING = "com.docker.network.bridge.host_binding_ipv4"
_EVERYWHERE = ("", "0.0.0.0", "::")


class Publisher(NamedTuple):
    """A service that is about to publish ports."""

    service: str
    ports: tuple[Port, ...]
    scale: int


def bound_ports(spec: ContainerSpec, bindings: Mapping[str, str]) -> tuple[Port, ...]:
    """The ports of a service with the host address that the network of its default route says, by ``bindings``."""
    ports = tuple(spec.get("ports") or ())
    places = spec.get("endpoints") or []
    if not bindings or not places:
        return ports
    leading = min(places, key=lambda place: (-(place.get("gw_priority") or 0), place["network"]))
    address = bindings.get(leading["network"])
    if not address:
        return ports
    return tuple({**port, "host_ip": port.get("host_ip") or address} for port in ports)


def missing_files(project: Project, services: Iterable[str]) -> list[Fault]:
    """Bind sources that will not be made, and files of secrets and configs, that do not exist."""
    faults = []
    for name in services:
        body = project.services[name]
        for index, mount in enumerate(body.get("volumes") or ()):
            if mount["type"] != "bind" or (mount.get("bind") or {}).get("create_host_path"):
                continue
            if not os.path.lexists(mount["source"]):
                path = ("services", name, "volumes", index, "source")
                faults.append(Fault(path, f"bind source path does not exist: {mount['source']}"))
        for section in ("secrets", "configs"):
            for grant in body.get(section) or ():
                file = (project.section(section).get(grant["source"]) or {}).get("file")
                if file and not os.path.isfile(file):
                    fault = Fault(
                        (section, grant["source"], "file"), f"file does not exist: {file}"
                    )
                    if fault not in faults:
                        faults.append(fault)
    return faults


def taken_ports(engine: Engine, publishers: Iterable[Publisher], observed: Observed) -> list[Fault]:
    """Host ports that cannot be published: wanted twice, or held by something that is not of this project."""
    ours = _held(observed)
    claims: dict[tuple[int, str], list[tuple[str, str]]] = {}
    faults = []
    for service, ports, scale in publishers:
        for index, port in enumerate(ports):
            number = port.get("published") or 0
            if not number:
                continue
            key = (number, port["protocol"])
            reason = _twice(claims.setdefault(key, []), service, port, scale)
            if not reason and key not in ours:
                reason = _used(engine, port)
            if reason:
                faults.append(Fault(("services", service, "ports", index), reason))
    return faults


def _held(observed: Observed) -> frozenset[tuple[int, str]]:
    """The host ports that running containers of the project have: they are given up in time, or stay theirs."""
    groups = [*observed.containers.values(), observed.one_offs]
    return frozenset(
        (binding.host_port, binding.protocol)
        for group in groups
        for info in group
        for binding in info.ports
    )


def _twice(claims: list[tuple[str, str]], service: str, port: Port, scale: int) -> str:
    """Why the project itself cannot publish the port so often; "" when it can."""
    number, host_ip = port.get("published"), port.get("host_ip") or ""
    if scale > 1:
        return (
            f"host port {number}/{port['protocol']} is published by {scale} containers,"
            " but only one can have it: it would be allocated already for the second"
        )
    for other, address in claims:
        if address == host_ip or address in _EVERYWHERE or host_ip in _EVERYWHERE:
            return f"host port {number}/{port['protocol']} is published already by service {other}"
    claims.append((service, host_ip))
    return ""


def _used(engine: Engine, port: Port) -> str:
    try:
        engine.check_ports([port])
    except Conflict as conflict:
        return conflict.message
    return ""
