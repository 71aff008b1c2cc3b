"""The spec that a container could have been created from, read back from what the daemon says of it. Pure.

A daemon keeps what it made of a spec, not the spec. What it adds of its own is left out again, and labels tell of what it
has no place for: hooks, secrets and configs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from compose.backends.docker.bodies import SAME
from compose.backends.docker.resources import _SAME
from schemas import labels
from schemas.specs import BindOptions, ContainerSpec, Endpoint, Healthcheck, Mount, Port
from schemas.typed import Any

_NANO = 10**9


def spec(found: Mapping[str, Any], image: Mapping[str, Any] = {}) -> ContainerSpec:
    """Of ``GET /containers/{id}/json``; ``image`` is the Config of its image, what it gave is left out. Files that are no
    mounts lack their content."""
    config, host = found["Config"], found["HostConfig"]
    own = {
        key: value
        for key, value in (config.get("Labels") or {}).items()
        if (image.get("Labels") or {}).get(key) != value
    }
    hooks = json.loads(own.pop(labels.HOOK_SPECS, "{}"))
    files = json.loads(own.pop(labels.FILES, "[]"))
    given: dict[str, Any] = {
        "name": found["Name"].lstrip("/"),
        "image": config["Image"],
        "labels": own,
        "environment": _environment(config.get("Env") or (), image.get("Env") or ()),
        "healthcheck": _healthcheck(
            config.get("Healthcheck") or {}, image.get("Healthcheck") or {}
        ),
        "tty": config.get("Tty"),
        "stdin_open": config.get("OpenStdin"),
        "stdin_once": config.get("StdinOnce"),
        "stop_grace_period": config.get("StopTimeout"),
        "hostname": _hostname(found),
        "expose": _expose(config, host, image),
        "read_only": host.get("ReadonlyRootfs"),
        "privileged": host.get("Privileged"),
        "auto_remove": host.get("AutoRemove"),
        "security_opt": host.get("SecurityOpt"),
        "extra_hosts": [word.replace(":", "=", 1) for word in host.get("ExtraHosts") or ()],
        "files": files,
        "mounts": _mounts(found, {file["target"] for file in files}),
        "endpoints": _endpoints(found),
        "network_mode": _mode(host.get("NetworkMode") or ""),
        "ports": _ports(host.get("PortBindings") or {}),
        "links": _links(found),
        "limits": _limits(host),
        "restart": _restart(host.get("RestartPolicy") or {}),
        "logging": _logging(host.get("LogConfig") or {}),
        **{key: _unlike(config, image, name) for key, name in _CONFIG.items()},
        **{key: _unlike(host, _USUAL, name) for key, name in SAME.items()},
        **_arrays(host),
        **hooks,
    }
    if given["entrypoint"] in ([""], []):
        given["entrypoint"] = []
    return {  # type: ignore[return-value]
        key: value for key, value in given.items() if _says(key, value, image)
    }


def _says(key: str, value: Any, image: Mapping[str, Any]) -> bool:
    """Whether a value asks for something: an empty entrypoint does, where the image has one."""
    if value == [] and key == "entrypoint":
        return bool(image.get("Entrypoint"))
    return value not in (None, "", [], {}, False)


# What is the image's unless somebody says otherwise.
_CONFIG = {
    "command": "Cmd",
    "entrypoint": "Entrypoint",
    "working_dir": "WorkingDir",
    "user": "User",
    "domainname": "Domainname",
    "stop_signal": "StopSignal",
}
# What a daemon writes where nothing was asked for.
_USUAL = {
    "Runtime": "runc",
    "IpcMode": "private",
    "ShmSize": 64 << 20,
    "CgroupnsMode": "host",
    "OomScoreAdj": 0,
}


def _unlike(found: Mapping[str, Any], usual: Mapping[str, Any], name: str) -> Any:
    value = found.get(name)
    return None if value == usual.get(name) else value


def _arrays(host: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "devices": [
            {
                "source": device["PathOnHost"],
                "target": device["PathInContainer"],
                "permissions": device["CgroupPermissions"],
            }
            for device in host.get("Devices") or ()
        ],
        "device_requests": [_request(each) for each in host.get("DeviceRequests") or ()],
        "ulimits": {
            limit["Name"]: {"soft": limit["Soft"], "hard": limit["Hard"]}
            for limit in host.get("Ulimits") or ()
        },
    }


def _request(found: Mapping[str, Any]) -> dict[str, Any]:
    request = {
        "driver": found.get("Driver"),
        "count": found.get("Count"),
        "device_ids": found.get("DeviceIDs"),
        "capabilities": (found.get("Capabilities") or [None])[0],
        "options": found.get("Options"),
    }
    return {key: value for key, value in request.items() if value}


def _hostname(found: Mapping[str, Any]) -> str:
    name = str(found["Config"].get("Hostname") or "")
    return "" if found["Id"].startswith(name) else name


def _restart(found: Mapping[str, Any]) -> dict[str, Any]:
    if found.get("Name") in (None, "", "no"):
        return {}
    retries = found.get("MaximumRetryCount")
    return {"name": found["Name"], **({"max_retries": retries} if retries else {})}


def _logging(found: Mapping[str, Any]) -> dict[str, Any]:
    driver, options = found.get("Type") or "", found.get("Config") or {}
    if driver in ("", "json-file") and not options:
        return {}
    return {"driver": driver, **({"options": options} if options else {})}


def _expose(
    config: Mapping[str, Any], host: Mapping[str, Any], image: Mapping[str, Any]
) -> list[str]:
    given = {*(host.get("PortBindings") or {}), *(image.get("ExposedPorts") or {})}
    return [
        text.removesuffix("/tcp") for text in config.get("ExposedPorts") or {} if text not in given
    ]


def _links(found: Mapping[str, Any]) -> list[str]:
    places = ((found.get("NetworkSettings") or {}).get("Networks") or {}).values()
    return next((list(place["Links"]) for place in places if place.get("Links")), [])


def _environment(words: Sequence[str], image: Sequence[str]) -> dict[str, str | None]:
    own = dict(_variable(word) for word in words if word not in image)
    here = {word.partition("=")[0] for word in words}
    gone = [name for name in (word.partition("=")[0] for word in image) if name not in here]
    return {**own, **dict.fromkeys(gone, None)}


def _variable(word: str) -> tuple[str, str | None]:
    name, equals, value = word.partition("=")
    return name, value if equals else None


def _healthcheck(found: Mapping[str, Any], image: Mapping[str, Any]) -> Healthcheck:
    check: Healthcheck = {}
    if found.get("Test") and found["Test"] != image.get("Test"):
        check["test"] = found["Test"]
    if found.get("Retries") and found["Retries"] != image.get("Retries"):
        check["retries"] = found["Retries"]
    for key, name in (
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start_period", "StartPeriod"),
        ("start_interval", "StartInterval"),
    ):
        if found.get(name) and found[name] != image.get(name):
            check[key] = found[name] / _NANO  # type: ignore[literal-required]
    return check


def _mounts(found: Mapping[str, Any], files: set[str]) -> list[Mount]:
    """In the order they were asked for, as far as the daemon tells; ``files`` are no mounts to us."""
    host = found["HostConfig"]
    points = {point["Destination"]: point for point in found.get("Mounts") or ()}
    mounts: list[Mount] = []
    for word in host.get("Binds") or ():
        source, target, options = (*word.split(":"), "")[:3]
        points.pop(target, None)
        mounts.append(_bound(source, target, options.split(",")))
    for body in host.get("Mounts") or ():
        points.pop(body["Target"], None)
        if body["Target"] not in files:
            mounts.append(_asked(body))
    # What is left is the image's volumes: anonymous, so nobody asked for it.
    for target, words in (host.get("Tmpfs") or {}).items():
        mounts.append(_tmpfs(target, words))
    return mounts


def _bound(source: str, target: str, options: list[str]) -> Mount:
    """An entry of ``Binds``: a directory, made when it is not there, or a volume by name."""
    if not source.startswith("/"):
        mount: Mount = {"type": "volume", "target": target, "source": source}
        if "nocopy" in options:
            mount["nocopy"] = True
    else:
        bind: BindOptions = {"create_host_path": True}
        for option in options:
            if option in ("z", "Z"):
                bind["selinux"] = option
            elif option not in ("ro", "rw", ""):
                bind["propagation"] = option
        mount = {"type": "bind", "target": target, "source": source, "bind": bind}
    if "ro" in options:
        mount["read_only"] = True
    return mount


def _asked(body: Mapping[str, Any]) -> Mount:
    """An entry of ``Mounts``."""
    mount: dict[str, Any] = {"type": body["Type"], "target": body["Target"]}
    if body.get("Source"):
        mount["source"] = body["Source"]
    if body.get("ReadOnly"):
        mount["read_only"] = True
    options = body.get("VolumeOptions") or {}
    for key, name in (("nocopy", "NoCopy"), ("labels", "Labels"), ("subpath", "Subpath")):
        if options.get(name):
            mount[key] = options[name]
    for key, name in (("size", "SizeBytes"), ("mode", "Mode")):
        if (body.get("TmpfsOptions") or {}).get(name):
            mount[key] = body["TmpfsOptions"][name]
    if (body.get("ImageOptions") or {}).get("Subpath"):
        mount["subpath"] = body["ImageOptions"]["Subpath"]
    bind = body.get("BindOptions") or {}
    if bind.get("CreateMountpoint"):
        mount.setdefault("bind", {})["create_host_path"] = True
    if bind.get("Propagation"):
        mount.setdefault("bind", {})["propagation"] = bind["Propagation"]
    for name, word in _RECURSIVE.items():
        if bind.get(name):
            mount.setdefault("bind", {})["recursive"] = word
    return mount  # type: ignore[return-value]


_RECURSIVE = {
    "NonRecursive": "disabled",
    "ReadOnlyNonRecursive": "writable",
    "ReadOnlyForceRecursive": "readonly",
}


def _tmpfs(target: str, words: str) -> Mount:
    mount: dict[str, Any] = {"type": "tmpfs", "target": target}
    options = []
    for word in filter(None, words.split(",")):
        key, _, value = word.partition("=")
        if key in ("size", "uid", "gid") and value.isdecimal():
            mount[key] = int(value)
        elif key == "mode":
            mount["mode"] = int(value, 8)
        elif word == "ro":
            mount["read_only"] = True
        else:
            options.append(word)
    if options:
        mount["options"] = options
    return mount  # type: ignore[return-value]


def _mode(mode: str) -> str:
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
    if found.get("memory_swap") == 2 * found.get("memory", 0):
        del found["memory_swap"]  # what a daemon allows where nothing was said
    if host.get("NanoCpus"):
        found["cpus"] = host["NanoCpus"] / _NANO
    return found
