"""A container in the shape of ``docker inspect`` (Engine API, ContainerInspect), from spec, row and status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import containers, images, paths, process
from engine.inspect_host import host_config
from engine.state import containers as rows
from schemas.records import ContainerInfo
from schemas.specs import ContainerSpec, Healthcheck, Mount

if TYPE_CHECKING:
    from engine.state.containers import ContainerRow

# Repeated at the top for the one network that Docker once had.
_DEFAULT_BRIDGE: dict[str, object] = {
    "HairpinMode": False, "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": None,
    "SecondaryIPv6Addresses": None, "EndpointID": "", "Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0,
    "IPAddress": "", "IPPrefixLen": 0, "IPv6Gateway": "", "MacAddress": "",
}  # fmt: skip
_ZERO = "0001-01-01T00:00:00Z"


def inspect(reference: str) -> dict[str, object]:
    """NotFound when there is no such container."""
    row = rows.get(reference)
    spec = containers.resolved_spec(row)
    info = containers.get(row.id)
    image = images.config(row.image_id)
    command = list(info.command)
    return {
        "Id": row.id,
        "Created": timestamp(row.created),
        "Path": command[0] if command else "",
        "Args": command[1:],
        "State": _state(info, row),
        "Image": row.image_id,
        "ResolvConfPath": "",
        "HostnamePath": "",
        "HostsPath": "",
        "LogPath": f"{paths.container_dir(row.id)}/log",
        "Name": f"/{row.name}",
        "RestartCount": info.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "",
        "ExecIDs": None,
        "HostConfig": host_config(row, spec),
        "GraphDriver": {
            "Name": "overlay2",
            "Data": {
                "LowerDir": ":".join(images.layers(row.image_id)),
                "MergedDir": f"/proc/{info.pid}/root" if info.pid else "",
                "UpperDir": f"{paths.container_dir(row.id)}/upper",
                "WorkDir": f"{paths.container_dir(row.id)}/work",
            },
        },
        "Mounts": [_mount(mount) for mount in row.facts["mounts"] if mount["type"] != "tmpfs"],
        "Config": _config(row, spec, image.get("config") or {}),
        "NetworkSettings": _network_settings(info),
    }


def timestamp(seconds: float) -> str:
    """RFC 3339 with nanoseconds, as Docker writes it."""
    if not seconds:
        return _ZERO
    import time

    whole, fraction = divmod(seconds, 1)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int(fraction * 1e9):09d}Z"


def _state(info: ContainerInfo, row: ContainerRow) -> dict[str, object]:
    state: dict[str, object] = {
        "Status": info.state,
        "Running": info.state in containers.ACTIVE,
        "Paused": info.state == "paused",
        "Restarting": info.state == "restarting",
        "OOMKilled": info.oom_killed,
        "Dead": info.state == "dead",
        "Pid": info.pid,
        "ExitCode": info.exit_code,
        "Error": info.error,
        "StartedAt": timestamp(info.started),
        "FinishedAt": timestamp(info.finished),
    }
    if info.has_healthcheck:
        from engine.runtime import status

        log = status.read(row.id).health_log
        failing = 0
        for probe in reversed(log):
            if not probe.get("ExitCode"):
                break
            failing += 1
        state["Health"] = {
            "Status": info.health,
            "FailingStreak": failing,
            "Log": [_probe(entry) for entry in log],
        }
    return state


def _probe(entry: dict[str, Any]) -> dict[str, object]:
    return {**entry, "Start": timestamp(entry["Start"]), "End": timestamp(entry["End"])}


def _config(row: ContainerRow, spec: ContainerSpec, image: dict[str, Any]) -> dict[str, object]:
    return {
        "Hostname": spec.get("hostname") or row.id[:12],
        "Domainname": spec.get("domainname") or "",
        "User": spec.get("user") or image.get("User") or "",
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "ExposedPorts": {port: {} for port in row.facts["exposed"]},
        "Tty": bool(spec.get("tty")),
        "OpenStdin": bool(spec.get("stdin_open")),
        "StdinOnce": bool(spec.get("stdin_once")),
        "Env": process.environment(spec, image),
        "Cmd": _first(spec.get("command"), image.get("Cmd"), spec.get("entrypoint")),
        "Healthcheck": _healthcheck(process.healthcheck(spec, image)),
        "Image": row.image,
        "Volumes": {m["target"]: {} for m in row.facts["mounts"] if m["type"] == "volume"} or None,
        "WorkingDir": spec.get("working_dir") or image.get("WorkingDir") or "",
        "Entrypoint": spec["entrypoint"]
        if spec.get("entrypoint") is not None
        else image.get("Entrypoint"),
        "OnBuild": None,
        "Labels": row.labels,
        "StopSignal": spec.get("stop_signal") or image.get("StopSignal") or "SIGTERM",
        "StopTimeout": int(spec.get("stop_grace_period", 10.0)),
    }


def _first(
    command: list[str] | None, image: list[str] | None, entrypoint: list[str] | None
) -> list[str] | None:
    """The command as asked for; the image's only while its own entrypoint is kept."""
    if command is not None:
        return command
    return image if entrypoint is None else None


def _healthcheck(check: Healthcheck | None) -> dict[str, object] | None:
    if not check:
        return None
    found: dict[str, object] = {}
    if "test" in check:
        found["Test"] = check["test"]
    if "retries" in check:
        found["Retries"] = check["retries"]
    for key, name in (
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start_period", "StartPeriod"),
        ("start_interval", "StartInterval"),
    ):
        if key in check:
            found[name] = int(check[key] * 1e9)  # type: ignore[literal-required]
    return found


def _mount(mount: Mount) -> dict[str, object]:
    kind = mount["type"]
    source = mount.get("source") or ""
    found: dict[str, object] = {
        "Type": kind,
        "Source": source,
        "Destination": mount["target"],
        "Mode": "ro" if mount.get("read_only") else "",
        "RW": not mount.get("read_only"),
        "Propagation": (mount.get("bind") or {}).get("propagation") or "rprivate"
        if kind == "bind"
        else "",
    }
    if kind == "volume":
        found |= {
            "Name": source,
            "Source": f"{paths.root()}/volumes/{source}/_data",
            "Driver": "local",
        }
    return found


def _of_default_bridge(place: Any) -> dict[str, object]:
    return {key: place[key] for key in _DEFAULT_BRIDGE if key in place}


def _network_settings(info: ContainerInfo) -> dict[str, object]:
    from engine import networks

    ports: dict[str, list[dict[str, str]] | None] = dict.fromkeys(info.exposed)
    for binding in info.ports:
        key = f"{binding.container_port}/{binding.protocol}"
        ports[key] = [
            *(ports.get(key) or []),
            {"HostIp": binding.host_ip or "0.0.0.0", "HostPort": str(binding.host_port)},
        ]
    found: dict[str, object] = {}
    for place in info.networks:
        network = networks.get(place.network_id)
        prefixes = {":" in subnet: subnet.partition("/")[2] for subnet in network.subnets}
        gateways = {":" in gateway: gateway for gateway in network.gateways}
        found[place.network] = {
            "IPAMConfig": None,
            "Aliases": list(place.aliases),
            "MacAddress": place.mac,
            "NetworkID": place.network_id,
            "EndpointID": "",
            "Gateway": gateways.get(False, ""),
            "IPAddress": place.ipv4,
            "IPPrefixLen": int(prefixes.get(False, "0")),
            "IPv6Gateway": gateways.get(True, "") if place.ipv6 else "",
            "GlobalIPv6Address": place.ipv6,
            "GlobalIPv6PrefixLen": int(prefixes.get(True, "0")) if place.ipv6 else 0,
            "DNSNames": [info.name, *place.aliases, info.id[:12]],
        }
    if info.network_mode in ("host", "none"):
        found[info.network_mode] = {"NetworkID": info.network_mode, "IPAddress": ""}
    return {
        **_DEFAULT_BRIDGE,
        **(_of_default_bridge(found.get("bridge")) if "bridge" in found else {}),
        "Bridge": "",
        "SandboxID": info.id,
        "SandboxKey": f"/proc/{info.pid}/ns/net" if info.pid else "",
        "Ports": ports,
        "Networks": found,
    }
