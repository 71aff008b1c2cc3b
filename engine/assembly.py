"""Make the bundle of a container: its spec, its image's configuration and what this machine has, all settled."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

from engine import paths, process
from engine.kernel import caps, seccomp, ulimits
from engine.network import binding, hosts
from engine.runtime import masks
from engine.runtime.drivers import options
from engine.runtime.program import DEFAULT_PATH
from engine.support import security_options
from schemas.errors import Conflict, InvalidArgument
from schemas.specs import ContainerSpec

if TYPE_CHECKING:
    from engine.cdi.edits import Injection
    from engine.network.endpoint import EndpointPlan
    from engine.runtime.bundle import (
        Bundle,
        BundleMount,
        DnsPlan,
        Etc,
        NamespaceModes,
        Root,
    )
    from engine.state.containers import ContainerRow

GRACE = 10.0  # seconds between the stop signal and SIGKILL, as Docker's
# Any user of a container may listen on port 80 and ping: the ports and sockets are the container's own.
_NETWORK_SYSCTLS = {
    "net.ipv4.ip_unprivileged_port_start": "0",
    "net.ipv4.ping_group_range": "0 2147483647",
}
_RESOLV_CONF = "/etc/resolv.conf"
# What the person calls some of the bundle's words.
_WORDS = {"argv": "command", "env": "environment", "cwd": "working_dir"}


def make_bundle(
    row: ContainerRow,
    spec: ContainerSpec,
    image: dict[str, Any],
    *,
    root: Root,
    mounts: list[BundleMount],
    endpoints: list[EndpointPlan],
    links: dict[str, str],
    default_bind: str,
) -> Bundle:
    """The bundle of container ``row``; ``image`` is its OCI image config, ``links`` are names with those they stand for,
    ``default_bind`` is the host address of ports that name none.

    InvalidArgument or Unsupported for a value that this machine cannot honour.
    """
    config: dict[str, Any] = image.get("config") or {}
    privileged = bool(spec.get("privileged"))
    held = caps.resolve(spec.get("cap_add") or [], spec.get("cap_drop") or [], privileged)
    security = dict(security_options(spec.get("security_opt") or []))
    open_paths = privileged or security.get("systempaths") == "unconfined"
    given = _injected(spec)
    limits = spec.get("ulimits") or {}
    ulimits.check(limits)
    logging = spec.get("logging") or {}
    options.plan(logging)
    modes = _modes(spec)
    hostname = _hostname(row.id, spec)
    tty = bool(spec.get("tty"))
    restart = spec.get("restart")
    bundle: Bundle = {
        "id": row.id,
        "name": row.name,
        "hostname": hostname,
        "domainname": spec.get("domainname") or "",
        "argv": row.facts["command"],
        "env": [*_environment(spec, config, hostname, tty=tty), *(given.env if given else ())],
        "cwd": spec.get("working_dir") or config.get("WorkingDir") or "/",
        "user": spec.get("user") or config.get("User") or "",
        "group_add": [*(spec.get("group_add") or []), *(given.groups if given else ())],
        "tty": tty,
        "stdin_open": bool(spec.get("stdin_open")),
        "stdin_once": bool(spec.get("stdin_once")),
        "init": bool(spec.get("init")),
        "privileged": privileged,
        "read_only": bool(spec.get("read_only")),
        "root": root,
        "mounts": [*(given.mounts if given else ()), *mounts],
        "files": list(spec.get("files") or []),
        "etc": _etc(spec, hostname, endpoints),
        "caps": sorted(held),
        "seccomp": seccomp.compiled(security.get("seccomp"), held, privileged=privileged),
        "no_new_privs": _is_true(security.get("no-new-privileges", "false")),
        "sysctls": _sysctls(spec, modes),
        "rlimits": limits,
        "masked_paths": [] if open_paths else list(masks.MASKED_PATHS),
        "readonly_paths": [] if open_paths else list(masks.READONLY_PATHS),
        "devices": [*(spec.get("devices") or []), *(given.devices if given else ())],
        "device_rules": list(spec.get("device_cgroup_rules") or []),
        "shm_size": None if spec.get("ipc") == "none" else spec.get("shm_size") or 0,
        "oom_score_adj": spec.get("oom_score_adj"),
        "namespaces": modes,
        "cgroup": {
            "name": f"pycompose/{row.id}",
            "parent": spec.get("cgroup_parent"),
            "limits": spec.get("limits") or {},
        },
        "hooks": list(given.hooks if given else ()),
        "annotations": spec.get("annotations") or {},
        "labels": row.labels,
        "image": row.image,
        "image_id": row.image_id,
        "restart": restart if restart is not None and restart["name"] != "no" else None,
        "stop_signal": _stop_signal(spec.get("stop_signal") or config.get("StopSignal")),
        "stop_grace_period": spec.get("stop_grace_period", GRACE),
        "auto_remove": row.facts["auto_remove"],
        "endpoints": endpoints,
        "ports": binding.bound(spec.get("ports") or [], default_bind),
        "dns": _dns(spec, modes, endpoints, links),
        "healthcheck": process.healthcheck(spec, config),
        "logging": logging,
    }
    _check_words(bundle)
    return bundle


def _injected(spec: ContainerSpec) -> Injection | None:
    """What the devices that are asked for by name bring along, as their files describe them now."""
    requests = spec.get("device_requests")
    if not requests:
        return None
    from engine.cdi import injection

    return injection(requests)


def _check_words(bundle: Bundle) -> None:
    """Images may say anything, and no system call takes a word with a zero byte in it."""
    for key in ("argv", "env", "cwd", "user", "group_add", "hostname", "domainname"):
        words = bundle[key]
        for word in [words] if isinstance(words, str) else words:
            if "\0" in word:
                raise InvalidArgument(f"{_WORDS.get(key, key)}: there is a zero byte in {word!r}")


def _modes(spec: ContainerSpec) -> NamespaceModes:
    """Which namespaces are the container's own."""
    network = spec.get("network_mode") or ""
    pid, ipc = spec.get("pid") or "", spec.get("ipc") or ""
    return {
        "net": network if network == "host" or network.startswith("container:") else "new",
        "pid": pid or "new",
        "ipc": ipc if ipc == "host" or ipc.startswith("container:") else "new",
        "uts": spec.get("uts") or "new",
        "cgroup": "host" if spec.get("cgroup") == "host" else "private",
    }


def _sysctls(spec: ContainerSpec, modes: NamespaceModes) -> dict[str, str]:
    """Docker's defaults for a network of one's own, where the kernel has them, under what is asked for."""
    own = modes["net"] == "new"
    defaults = {
        name: value
        for name, value in _NETWORK_SYSCTLS.items()
        if own and os.path.exists(f"/proc/sys/{name.replace('.', '/')}")
    }
    return {**defaults, **(spec.get("sysctls") or {})}


def _hostname(id: str, spec: ContainerSpec) -> str:
    if spec.get("hostname"):
        return spec["hostname"]
    if spec.get("network_mode") == "host" or spec.get("uts") == "host":
        return os.uname().nodename
    return id[:12]


def _environment(
    spec: ContainerSpec, config: dict[str, Any], hostname: str, *, tty: bool
) -> list[str]:
    """Docker's few defaults under what image and spec say."""
    defaults = {"PATH": DEFAULT_PATH, "HOSTNAME": hostname, **({"TERM": "xterm"} if tty else {})}
    given = dict(word.partition("=")[::2] for word in process.environment(spec, config))
    return [f"{key}={value}" for key, value in {**defaults, **given}.items()]


def _stop_signal(word: str | None) -> str:
    from engine.running import number

    return str(number(word or "SIGTERM"))


def _is_true(word: str) -> bool:
    # "no-new-privileges" alone means true, as with Docker.
    if word in ("", "true", "1"):
        return True
    if word in ("false", "0"):
        return False
    raise InvalidArgument(f"security_opt no-new-privileges: {word} is neither true nor false")


def _etc(
    spec: ContainerSpec,
    hostname: str,
    endpoints: list[EndpointPlan],
) -> Etc:
    mode = spec.get("network_mode") or ""
    if mode.startswith("container:"):
        return _others_etc(mode.partition(":")[2], hostname)
    extra = spec.get("extra_hosts") or []
    if mode == "host":
        text = hosts.host_mode_text(_text("/etc/hosts"), extra, "127.0.0.1")
    else:
        text = hosts.hosts_text(
            hostname=hostname,
            domainname=spec.get("domainname") or "",
            addresses=[plan[key] for plan in endpoints for key in ("ipv4", "ipv6")],
            extra_hosts=extra,
            host_gateway=_host_gateway(endpoints),
        )
    return {
        "hosts": text,
        "hostname": f"{hostname}\n",
        "resolv_conf": hosts.resolv_conf_text(
            mode="resolver" if endpoints else "host" if mode == "host" else "none",
            host=_text(_RESOLV_CONF),
            servers=spec.get("dns") or [],
            search=spec.get("dns_search") or [],
            options=spec.get("dns_opt") or [],
        ),
    }


def _host_gateway(endpoints: list[EndpointPlan]) -> str:
    """An address at which the container reaches this host: the bridge of its default route, else of any network."""
    for plan in sorted(endpoints, key=lambda plan: not plan["default_route"]):
        if plan["gateway4"] or plan["gateway6"]:
            return plan["gateway4"] or plan["gateway6"]
    return "127.0.0.1"


def _others_etc(id: str, hostname: str) -> Etc:
    """The files of the container whose network is shared: they say how things are called there."""
    try:
        with open(f"{paths.runtime_dir(id)}/bundle.json") as file:
            other = cast("Bundle", json.load(file))
    except FileNotFoundError:
        raise Conflict(f"network_mode: container {id[:12]} does not run") from None
    etc = other["etc"]
    assert etc is not None
    return {**etc, "hostname": f"{hostname}\n"}


def _dns(
    spec: ContainerSpec,
    modes: NamespaceModes,
    endpoints: list[EndpointPlan],
    links: dict[str, str],
) -> DnsPlan | None:
    """What the resolver at 127.0.0.11 forwards to; None for a container that has none."""
    if modes["net"] != "new" or not endpoints:
        return None
    asked = spec.get("dns") or []
    found: DnsPlan = {
        "servers": list(asked) or hosts.upstream_servers(_text(_RESOLV_CONF)),
        "explicit": bool(asked),
        "search": list(spec.get("dns_search") or []),
        "options": list(spec.get("dns_opt") or []),
        "internal": all(plan["internal"] for plan in endpoints),
    }
    if links:
        found["links"] = links
    return found


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
