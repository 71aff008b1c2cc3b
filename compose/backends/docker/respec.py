"""The spec that a container could have been created from, read back from what the daemon says of it. Pure.

It serves what is made after the likeness of a container (the runner of a hook), so what the image gave is not told from
what was asked for. Hooks come from a label.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from compose.backends.docker.bodies import _HOST_SAME
from compose.backends.docker.records import anonymous_name
from compose.backends.docker.resources import _SAME
from schemas import labels
from schemas.specs import ContainerSpec, Endpoint, Healthcheck, Mount, Port

_NANO = 10**9


def spec(found: Mapping[str, Any]) -> ContainerSpec:
    """Of ``GET /containers/{id}/json``."""
    config, host = found["Config"], found["HostConfig"]
    own = dict(config.get("Labels") or {})
    hooks = json.loads(own.pop(labels.HOOK_SPECS, "{}"))
    given: dict[str, Any] = {
        "name": found["Name"].lstrip("/"),
        "image": config["Image"],
        "labels": own,
        "command": config.get("Cmd"),
        "entrypoint": config.get("Entrypoint"),
        "environment": dict(_variable(word) for word in config.get("Env") or ()),
        "working_dir": config.get("WorkingDir"),
        "user": config.get("User"),
        "domainname": config.get("Domainname"),
        "tty": config.get("Tty"),
        "stdin_open": config.get("OpenStdin"),
        "stdin_once": config.get("StdinOnce"),
        "stop_signal": config.get("StopSignal"),
        "stop_grace_period": config.get("StopTimeout"),
        "healthcheck": _healthcheck(config.get("Healthcheck") or {}),
        "read_only": host.get("ReadonlyRootfs"),
        "privileged": host.get("Privileged"),
        "auto_remove": host.get("AutoRemove"),
        "security_opt": host.get("SecurityOpt"),
        "extra_hosts": [word.replace(":", "=", 1) for word in host.get("ExtraHosts") or ()],
        "mounts": _mounts(found),
        "endpoints": _endpoints(found),
        "network_mode": _mode(host.get("NetworkMode") or "", found),
        "ports": _ports(host.get("PortBindings") or {}),
        "limits": _limits(host),
        "devices": [
            {
                "source": device["PathOnHost"],
                "target": device["PathInContainer"],
                "permissions": device["CgroupPermissions"],
            }
            for device in host.get("Devices") or ()
        ],
        "ulimits": {
            limit["Name"]: {"soft": limit["Soft"], "hard": limit["Hard"]}
            for limit in host.get("Ulimits") or ()
        },
        **{key: host.get(name) for key, name in _HOST_SAME.items()},
        **hooks,
    }
    hostname = config.get("Hostname") or ""
    if hostname and not found["Id"].startswith(hostname):
        given["hostname"] = hostname
    restart = host.get("RestartPolicy") or {}
    if restart.get("Name") not in (None, "", "no"):
        given["restart"] = {
            "name": restart["Name"],
            "max_retries": restart.get("MaximumRetryCount") or 0,
        }
    logging = host.get("LogConfig") or {}
    if logging.get("Type"):
        given["logging"] = {"driver": logging["Type"], "options": logging.get("Config") or {}}
    return {key: value for key, value in given.items() if value not in (None, "", [], {}, False)}  # type: ignore[return-value]


def _variable(word: str) -> tuple[str, str | None]:
    name, equals, value = word.partition("=")
    return name, value if equals else None


def _healthcheck(found: Mapping[str, Any]) -> Healthcheck:
    check: Healthcheck = {}
    if found.get("Test"):
        check["test"] = found["Test"]
    if found.get("Retries"):
        check["retries"] = found["Retries"]
    for key, name in (
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start_period", "StartPeriod"),
        ("start_interval", "StartInterval"),
    ):
        if found.get(name):
            check[key] = found[name] / _NANO  # type: ignore[literal-required]
    return check


def _mounts(found: Mapping[str, Any]) -> list[Mount]:
    mounts: list[Mount] = []
    for point in found.get("Mounts") or ():
        mount: Mount = {"type": point["Type"], "target": point["Destination"]}
        source = point.get("Name") if point["Type"] == "volume" else point.get("Source")
        # What was anonymous is so again for a container of its own.
        if source and not (point["Type"] == "volume" and anonymous_name(source)):
            mount["source"] = source
        if not point.get("RW", True):
            mount["read_only"] = True
        if point["Type"] == "bind" and point.get("Propagation") not in (None, "", "rprivate"):
            mount["bind"] = {"propagation": point["Propagation"]}
        mounts.append(mount)
    for target, words in (found["HostConfig"].get("Tmpfs") or {}).items():
        mounts.append(
            {"type": "tmpfs", "target": target, "options": [w for w in words.split(",") if w]}
        )
    return mounts


def _mode(mode: str, found: Mapping[str, Any]) -> str:
    return mode if mode in ("host", "none", "bridge") or mode.startswith("container:") else ""


def _endpoints(found: Mapping[str, Any]) -> list[Endpoint]:
    places: list[Endpoint] = []
    for name, place in ((found.get("NetworkSettings") or {}).get("Networks") or {}).items():
        if name in ("host", "none", "bridge"):
            continue
        asked = place.get("IPAMConfig") or {}
        given: dict[str, Any] = {
            "network": name,
            "aliases": place.get("Aliases"),
            "ipv4_address": asked.get("IPv4Address"),
            "ipv6_address": asked.get("IPv6Address"),
            "link_local_ips": asked.get("LinkLocalIPs"),
            "driver_opts": place.get("DriverOpts"),
            "gw_priority": place.get("GwPriority"),
        }
        places.append({key: value for key, value in given.items() if value})  # type: ignore[arg-type]
    return places


def _ports(found: Mapping[str, Any]) -> list[Port]:
    ports: list[Port] = []
    for text, places in found.items():
        number, _, protocol = text.partition("/")
        for place in places or ():
            port: Port = {"target": int(number), "protocol": protocol}
            first, dash, last = (place.get("HostPort") or "").partition("-")
            if dash:
                port["published_range"] = [int(first), int(last)]
            elif first:
                port["published"] = int(first)
            if place.get("HostIp"):
                port["host_ip"] = place["HostIp"]
            ports.append(port)
    return ports


def _limits(host: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: host[name] for key, name in _SAME.items() if host.get(name)}
    if host.get("NanoCpus"):
        found["cpus"] = host["NanoCpus"] / _NANO
    return found
