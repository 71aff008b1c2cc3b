"""The daemon's JSON as records. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from compose.backends.docker.times import seconds
from schemas import labels
from schemas.records import (
    Attachment,
    ContainerInfo,
    Event,
    Health,
    ImageInfo,
    MountPoint,
    NetworkInfo,
    PortBinding,
    VolumeInfo,
)
from schemas.typed import Any

Json = Mapping[str, Any]
_ANONYMOUS = 64  # hex digits that name a volume nobody named


def container(found: Json) -> ContainerInfo:
    """Of ``GET /containers/{id}/json``."""
    state, config, host = found["State"], found["Config"], found["HostConfig"]
    health: Health = (state.get("Health") or {}).get("Status") or ""
    test = (config.get("Healthcheck") or {}).get("Test") or []
    settings = found.get("NetworkSettings") or {}
    networks = settings.get("Networks") or {}
    return ContainerInfo(
        found["Id"],
        found["Name"].lstrip("/"),
        config["Image"],
        found["Image"],
        config.get("Labels") or {},
        seconds(found["Created"]),
        state["Status"],
        health=health if health in ("starting", "healthy", "unhealthy") else "",
        pid=state.get("Pid") or 0,
        exit_code=state.get("ExitCode") or 0,
        started=seconds(state.get("StartedAt") or ""),
        finished=seconds(state.get("FinishedAt") or ""),
        restarts=found.get("RestartCount") or 0,
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error") or "",
        command=(*((found["Path"],) if found.get("Path") else ()), *(found.get("Args") or ())),
        tty=bool(config.get("Tty")),
        ports=_ports(settings.get("Ports") or {}),
        exposed=tuple(sorted(config.get("ExposedPorts") or {}, key=_port_order)),
        networks=tuple(
            _attachment(name, place)
            for name, place in networks.items()
            if name not in ("host", "none")
        ),
        network_mode=_mode(host.get("NetworkMode") or "", networks),
        mounts=(*map(_mount, found.get("Mounts") or ()), *_tmpfs(host.get("Tmpfs") or {})),
        has_healthcheck=bool(test) and test != ["NONE"],
    )


def _mode(mode: str, networks: Json) -> str:
    """The network mode where it is none of a bridge."""
    return mode if mode in ("host", "none") or mode.startswith("container:") else ""


def _ports(found: Json) -> tuple[PortBinding, ...]:
    bindings = []
    for text, places in found.items():
        number, _, protocol = text.partition("/")
        bindings += [
            PortBinding(
                place.get("HostIp") or "0.0.0.0",
                int(place["HostPort"]),
                int(number),
                protocol or "tcp",
            )
            for place in places or ()
            if place.get("HostPort")
        ]
    return tuple(
        sorted(bindings, key=lambda each: (each.container_port, each.protocol, each.host_ip))
    )


def _port_order(text: str) -> tuple[int, str]:
    number, _, protocol = text.partition("/")
    return int(number), protocol


def _attachment(name: str, place: Json) -> Attachment:
    options = place.get("DriverOpts") or {}
    return Attachment(
        name,
        place.get("NetworkID") or "",
        place.get("IPAddress") or "",
        place.get("GlobalIPv6Address") or "",
        place.get("MacAddress") or "",
        tuple(place.get("Aliases") or ()),
        options.get("com.docker.network.endpoint.ifname") or "",
    )


def _mount(found: Json) -> MountPoint:
    kind = found["Type"]
    source = found.get("Name") or found.get("Source") or ""
    return MountPoint(
        kind,
        found["Destination"],
        source,
        not found.get("RW", True),
        kind == "volume" and anonymous_name(source),
    )


def _tmpfs(found: Mapping[str, str]) -> list[MountPoint]:
    return [
        MountPoint("tmpfs", target, "", "ro" in options.split(","))
        for target, options in found.items()
    ]


def anonymous_name(name: str) -> bool:
    """Whether a volume's name is one that the daemon made up."""
    return len(name) == _ANONYMOUS and all(char in "0123456789abcdef" for char in name)


def network(found: Json) -> NetworkInfo:
    """Of ``GET /networks/{id}``; a listing has no containers."""
    pools = (found.get("IPAM") or {}).get("Config") or []
    return NetworkInfo(
        found["Id"],
        found["Name"],
        found["Driver"],
        found.get("Labels") or {},
        bool(found.get("Internal")),
        tuple(pool["Subnet"] for pool in pools if pool.get("Subnet")),
        tuple(pool["Gateway"].partition("/")[0] for pool in pools if pool.get("Gateway")),
        seconds(found.get("Created") or ""),
        tuple(id for id in found.get("Containers") or {} if not id.startswith("ep-")),
        _network_spec(found),
    )


def _network_spec(found: Json) -> dict[str, object]:
    """The NetworkSpec it could have been made from, as far as the daemon tells what was asked for."""
    ipam = found.get("IPAM") or {}
    spec = {
        "name": found["Name"],
        "driver": found["Driver"],
        "driver_opts": found.get("Options") or {},
        "internal": bool(found.get("Internal")),
        "attachable": bool(found.get("Attachable")),
        "enable_ipv6": bool(found.get("EnableIPv6")),
        "ipam_driver": ipam.get("Driver") if ipam.get("Driver") != "default" else "",
        "labels": found.get("Labels") or {},
    }
    return {key: value for key, value in spec.items() if value}


def volume(found: Json) -> VolumeInfo:
    """Of ``GET /volumes/{name}``."""
    own = found.get("Labels") or {}
    return VolumeInfo(
        found["Name"],
        found.get("Driver") or "local",
        own,
        found.get("Mountpoint") or "",
        seconds(found.get("CreatedAt") or ""),
        labels.ANONYMOUS_VOLUME in own or (not own and anonymous_name(found["Name"])),
        found.get("Options") or {},
    )


def image(found: Json) -> ImageInfo:
    """Of ``GET /images/{name}/json``."""
    config = found.get("Config") or {}
    test = (config.get("Healthcheck") or {}).get("Test") or []
    return ImageInfo(
        found["Id"],
        tuple(found.get("RepoTags") or ()),
        tuple(found.get("RepoDigests") or ()),
        seconds(found.get("Created") or ""),
        found.get("Size") or 0,
        found.get("Architecture") or "",
        found.get("Os") or "",
        config.get("Labels") or {},
        tuple(sorted(config.get("Volumes") or ())),
        tuple(sorted(config.get("ExposedPorts") or (), key=_port_order)),
        bool(test) and test != ["NONE"],
        seconds((found.get("Metadata") or {}).get("LastTagTime") or ""),
    )


def event(found: Json) -> Event:
    """Of a line of ``GET /events``."""
    actor = found.get("Actor") or {}
    nanoseconds = found.get("timeNano") or int(found.get("time", 0)) * 10**9
    return Event(
        nanoseconds / 1e9,
        found.get("Type") or "",
        found.get("Action") or "",
        actor.get("ID") or "",
        actor.get("Attributes") or {},
    )
