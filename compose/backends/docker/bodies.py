"""A ContainerSpec as the body of ``POST /containers/create``. Pure but for seccomp profiles, which are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil

from compose.backends.docker import mounts, resources
from schemas import labels
from schemas.errors import InvalidArgument, Unsupported
from schemas.specs import ContainerSpec, Endpoint, ExecSpec, Healthcheck, NetworkSpec, Port
from schemas.typed import Any

Version = tuple[int, ...]
Body = dict[str, Any]

# The versions of the API that brought what is asked for here.
SEVERAL_NETWORKS = (1, 44)
ENDPOINT_MAC = (1, 44)
START_INTERVAL = (1, 44)
ANNOTATIONS = (1, 43)
GATEWAY_PRIORITY = (1, 48)
INTERFACE_NAME = (1, 49)
ENABLE_IPV4 = (1, 47)
_INTERFACE = "com.docker.network.endpoint.ifname"
_NANO = 10**9


def container(spec: ContainerSpec, version: Version) -> Body:
    """The body, without the query's name and platform. Unsupported for what this daemon is too old for."""
    body: Body = {
        "Image": spec["image"],
        "Labels": _labels(spec),
        "Env": environment(spec.get("environment") or {}),
        "Cmd": spec.get("command"),
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": bool(spec.get("tty")),
        "OpenStdin": bool(spec.get("stdin_open")),
        "StdinOnce": bool(spec.get("stdin_once")),
        "ExposedPorts": {text: {} for text in _exposed(spec)},
        "Hostname": spec.get("hostname") or "",
        "Domainname": spec.get("domainname") or "",
        "User": spec.get("user") or "",
        "WorkingDir": spec.get("working_dir") or "",
        "HostConfig": _host_config(spec, version),
    }
    entrypoint = spec.get("entrypoint")
    if entrypoint is not None:
        # An empty list means the image's own to the daemon; one empty word takes it away.
        body["Entrypoint"] = entrypoint or [""]
    if spec.get("stop_signal"):
        body["StopSignal"] = spec["stop_signal"]
    if "stop_grace_period" in spec:
        body["StopTimeout"] = ceil(spec["stop_grace_period"])
    if "healthcheck" in spec:
        body["Healthcheck"] = _healthcheck(spec["healthcheck"], version)
    places = ordered(spec.get("endpoints") or [])
    if spec.get("mac_address") and (version < ENDPOINT_MAC or not places):
        body["MacAddress"] = spec["mac_address"]
    if places:
        first = places if version >= SEVERAL_NETWORKS else places[:1]
        body["NetworkingConfig"] = {
            "EndpointsConfig": {
                place["network"]: endpoint(place, spec, version, main=place is places[0])
                for place in first
            }
        }
        if version < ENDPOINT_MAC and places[0].get("mac_address"):
            body["MacAddress"] = places[0]["mac_address"]
    return body


def ordered(places: list[Endpoint]) -> list[Endpoint]:
    """The networks of a container, the one that it is created on first."""
    return sorted(places, key=lambda place: -(place.get("priority") or 0))


def later(spec: ContainerSpec, version: Version) -> list[Endpoint]:
    """The networks that a container must be connected to after it was made: an old daemon takes one at a time."""
    places = ordered(spec.get("endpoints") or [])
    return [] if version >= SEVERAL_NETWORKS else places[1:]


def endpoint(
    place: Endpoint, spec: ContainerSpec | None, version: Version, *, main: bool = False
) -> Body:
    """EndpointSettings. Unsupported."""
    addresses: Body = {}
    for key, name in (
        ("ipv4_address", "IPv4Address"),
        ("ipv6_address", "IPv6Address"),
        ("link_local_ips", "LinkLocalIPs"),
    ):
        if place.get(key):
            addresses[name] = place[key]  # type: ignore[literal-required]
    body: Body = {"Aliases": place.get("aliases") or [], "IPAMConfig": addresses or None}
    mac = place.get("mac_address") or (spec.get("mac_address") if spec and main else "")
    if mac and version >= ENDPOINT_MAC:
        body["MacAddress"] = mac
    options = dict(place.get("driver_opts") or {})
    if place.get("interface_name"):
        _need(version, INTERFACE_NAME, "networks.interface_name", "28.1")
        options[_INTERFACE] = place["interface_name"]
    if options:
        body["DriverOpts"] = options
    if place.get("gw_priority"):
        _need(version, GATEWAY_PRIORITY, "networks.gw_priority", "28")
        body["GwPriority"] = place["gw_priority"]
    if spec and spec.get("links"):
        body["Links"] = spec["links"]
    return body


def environment(found: Mapping[str, str | None]) -> list[str]:
    """A name alone takes a value of the image away."""
    return [name if value is None else f"{name}={value}" for name, value in found.items()]


def execution(spec: ExecSpec) -> Body:
    """The body of ``POST /containers/{id}/exec``."""
    body: Body = {
        "Cmd": spec["command"],
        "Env": environment(spec.get("environment") or {}),
        "Tty": bool(spec.get("tty")),
        "Privileged": bool(spec.get("privileged")),
        "AttachStdin": bool(spec.get("stdin")) and not spec.get("detach"),
        "AttachStdout": not spec.get("detach"),
        "AttachStderr": not spec.get("detach"),
    }
    for key, name in (("user", "User"), ("working_dir", "WorkingDir")):
        if spec.get(key):
            body[name] = spec[key]  # type: ignore[literal-required]
    if spec.get("rows") and spec.get("columns"):
        body["ConsoleSize"] = [spec["rows"], spec["columns"]]
    return body


def network(spec: NetworkSpec, version: Version) -> Body:
    """The body of ``POST /networks/create``. Unsupported."""
    body: Body = {
        "Name": spec["name"],
        "CheckDuplicate": True,
        "Driver": spec.get("driver") or "bridge",
        "Internal": bool(spec.get("internal")),
        "Attachable": bool(spec.get("attachable")),
        "EnableIPv6": bool(spec.get("enable_ipv6")),
        "Options": spec.get("driver_opts") or {},
        "Labels": spec.get("labels") or {},
    }
    if spec.get("enable_ipv4") is False:
        _need(version, ENABLE_IPV4, "networks.enable_ipv4: false", "28")
        body["EnableIPv4"] = False
    if spec.get("ipam_driver") or spec.get("ipam") or spec.get("ipam_options"):
        body["IPAM"] = {
            "Driver": spec.get("ipam_driver") or "default",
            "Options": spec.get("ipam_options") or {},
            "Config": [
                {
                    name: pool[key]  # type: ignore[literal-required]
                    for key, name in _POOL.items()
                    if pool.get(key)
                }
                for pool in spec.get("ipam") or []
            ],
        }
    return body


_POOL = {
    "subnet": "Subnet",
    "gateway": "Gateway",
    "ip_range": "IPRange",
    "aux_addresses": "AuxiliaryAddresses",
}


def _labels(spec: ContainerSpec) -> dict[str, str]:
    """The labels, with what the daemon has no place for: hooks are the reconciler's, secrets and configs are mounts and copies to
    it, and ``spec`` must tell of them."""
    found = dict(spec.get("labels") or {})
    hooks = {key: spec[key] for key in ("pre_start", "post_start", "pre_stop") if spec.get(key)}
    if hooks:
        found[labels.HOOK_SPECS] = json.dumps(hooks, separators=(",", ":"))
    if spec.get("files"):
        facts = [{k: v for k, v in file.items() if k != "content"} for file in spec["files"]]
        found[labels.FILES] = json.dumps(facts, separators=(",", ":"))
    return found


def _exposed(spec: ContainerSpec) -> list[str]:
    found = [text if "/" in text else f"{text}/tcp" for text in spec.get("expose") or []]
    expanded: list[str] = []
    for text in found:
        numbers, _, protocol = text.partition("/")
        first, dash, last = numbers.partition("-")
        span = range(int(first), int(last) + 1) if dash else [int(first)]
        expanded += [f"{number}/{protocol}" for number in span]
    expanded += [f"{port['target']}/{port['protocol']}" for port in spec.get("ports") or []]
    return list(dict.fromkeys(expanded))


def _host_config(spec: ContainerSpec, version: Version) -> Body:
    places = ordered(spec.get("endpoints") or [])
    restart = spec.get("restart") or {"name": "no"}
    host: Body = {
        "NetworkMode": spec.get("network_mode") or (places[0]["network"] if places else "none"),
        "RestartPolicy": {
            "Name": restart["name"],
            "MaximumRetryCount": restart.get("max_retries") or 0,
        },
        "AutoRemove": bool(spec.get("auto_remove")),
        "PortBindings": _bindings(spec.get("ports") or []),
        "Privileged": bool(spec.get("privileged")),
        "ReadonlyRootfs": bool(spec.get("read_only")),
        "SecurityOpt": [_security(option) for option in spec.get("security_opt") or []],
        "ExtraHosts": [host.replace("=", ":", 1) for host in spec.get("extra_hosts") or []],
        **mounts.host_config(spec, version),
        **resources.host_config(spec),
    }
    for key, name in SAME.items():
        if spec.get(key) not in (None, "", [], {}):
            host[name] = spec[key]  # type: ignore[literal-required]
    if spec.get("annotations"):
        _need(version, ANNOTATIONS, "annotations", "24")
    if spec.get("links") and not places:
        host["Links"] = spec["links"]
    logging = spec.get("logging")
    if logging:
        host["LogConfig"] = {
            "Type": logging.get("driver") or "",
            "Config": logging.get("options") or {},
        }
    return host


SAME = {
    "annotations": "Annotations",
    "cap_add": "CapAdd",
    "cap_drop": "CapDrop",
    "cgroup": "CgroupnsMode",
    "cgroup_parent": "CgroupParent",
    "device_cgroup_rules": "DeviceCgroupRules",
    "dns": "Dns",
    "dns_opt": "DnsOptions",
    "dns_search": "DnsSearch",
    "group_add": "GroupAdd",
    "init": "Init",
    "ipc": "IpcMode",
    "oom_score_adj": "OomScoreAdj",
    "pid": "PidMode",
    "runtime": "Runtime",
    "shm_size": "ShmSize",
    "storage_opt": "StorageOpt",
    "sysctls": "Sysctls",
    "userns_mode": "UsernsMode",
    "uts": "UTSMode",
}


def _bindings(ports: list[Port]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for port in ports:
        host = str(port.get("published") or "")
        if "published_range" in port:
            host = "{}-{}".format(*port["published_range"])
        found.setdefault(f"{port['target']}/{port['protocol']}", []).append(
            {"HostIp": port.get("host_ip") or "", "HostPort": host}
        )
    return found


def _healthcheck(check: Healthcheck, version: Version) -> Body:
    body: Body = {"Test": check.get("test"), "Retries": check.get("retries") or 0}
    for key, name in (
        ("interval", "Interval"),
        ("timeout", "Timeout"),
        ("start_period", "StartPeriod"),
    ):
        if check.get(key):
            body[name] = int(check[key] * _NANO)  # type: ignore[literal-required]
    if check.get("start_interval"):
        _need(version, START_INTERVAL, "healthcheck.start_interval", "25")
        body["StartInterval"] = int(check["start_interval"] * _NANO)
    return body


def _security(option: str) -> str:
    """A seccomp profile is a file of ours; the daemon wants what is in it."""
    key, separator, value = option.partition("=")
    if not separator:
        key, separator, value = option.partition(":")
    if key != "seccomp" or value in ("unconfined", "builtin", "default") or value.startswith("{"):
        return f"{key}={value}" if separator else option
    try:
        with open(value, encoding="utf-8") as file:
            profile = json.load(file)
    except (OSError, ValueError) as error:
        raise InvalidArgument(
            f"security_opt: seccomp profile {value} cannot be read: {error}"
        ) from error
    return "seccomp=" + json.dumps(profile, separators=(",", ":"))


def _need(version: Version, needed: Version, what: str, docker: str) -> None:
    if version < needed:
        raise Unsupported(
            f"{what}: this daemon is too old for it (API {'.'.join(map(str, version))})",
            hint=f"Docker {docker} brought it",
        )
