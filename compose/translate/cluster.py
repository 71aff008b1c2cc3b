"""A service of the canonical tree as a ServiceSpec, for an engine that schedules by itself.

What such an engine does not honour has been refused before (``compose.ops.honoured``): here everything left is translated.
Defaults of the engine are left out, so that a spec can be compared with one that is read back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from compose.graph import scale_of
from compose.paths import KeyPath, show
from compose.text import duration_seconds
from compose.translate import mounts, service
from compose.translate.refusal import KeyUnsupported
from schemas import labels
from schemas.errors import UsageError
from schemas.services import (
    JOBS,
    Grant,
    Mode,
    Placement,
    Resources,
    Rollout,
    ServiceMount,
    ServiceNetwork,
    ServicePort,
    ServiceSpec,
    TaskRestart,
)
from schemas.specs import ContainerSpec
from schemas.typed import NamedTuple


class Around(NamedTuple):
    """What a service refers to. ``networks`` and ``stored`` (by section and key) as they are called on the cluster."""

    project: str
    networks: Mapping[str, str]
    volumes: Mapping[str, Mapping[str, Any]]
    stored: Mapping[tuple[str, str], str]
    completing: frozenset[str]  # services that others wait for to complete
    read: Callable[[str], bytes]  # what a file holds


# Translated as for a container; the words of both specs are the same.
_SAME = (
    "command", "dns", "dns_opt", "dns_search", "entrypoint", "environment", "extra_hosts", "group_add",
    "healthcheck", "hostname", "init", "logging", "oom_score_adj", "read_only", "stdin_open",
    "stop_grace_period", "stop_signal", "sysctls", "tty", "ulimits", "user", "working_dir",
)  # fmt: skip
DEFAULTS: dict[str, Mapping[str, object]] = {
    "restart": {"condition": "any", "delay": 5.0, "max_attempts": 0, "window": 0.0},
    "rollout": {
        "parallelism": 1, "delay": 0.0, "failure_action": "pause", "monitor": 5.0, "max_failure_ratio": 0.0,
        "order": "stop-first",
    },
}  # fmt: skip
_CONDITIONS = {"": "any", "any": "any", "always": "any", "unless-stopped": "any", "no": "none"}
_NETWORK_MODES = ("host", "none", "bridge")


def service_spec(
    name: str, body: Mapping[str, Any], around: Around, *, scale: int | None = None
) -> ServiceSpec:
    """The spec of a service, without labels. KeyUnsupported for what has no meaning on a cluster."""
    path: KeyPath = ("services", name)
    deploy = body.get("deploy") or {}
    mode: Mode = deploy.get("mode") or "replicated"
    spec: ServiceSpec = {
        "name": f"{around.project}_{name}",
        "image": str(body.get("image") or ""),
        "mode": mode,
    }
    spec.update(_container(body, path))  # type: ignore[typeddict-item]
    for key in ("cap_add", "cap_drop"):
        if body.get(key):
            spec[key] = capabilities(body[key])
    if body.get("security_opt"):
        spec["security_opt"] = sorted(
            _security(option, around, (*path, "security_opt")) for option in body["security_opt"]
        )
    if mode.startswith("replicated"):
        spec["replicas"] = scale_of(body) if scale is None else scale
    elif scale is not None:
        raise KeyUnsupported((*path, "deploy", "mode"), f"a {mode} service cannot be scaled")
    found = _mounts(body, around, path)
    if found:
        spec["mounts"] = found
    for section in ("secrets", "configs"):
        grants = [_grant(section, grant, around) for grant in body.get(section) or ()]
        if grants:
            spec[section] = grants
    spec["networks"] = _networks(name, body, around)
    _endpoint(spec, body, deploy, path)
    _deployed(spec, body, deploy, path)
    restart = _restart(name, body, deploy, mode, around, path)
    if restart:
        spec["restart"] = restart
    return spec


def without_defaults(found: Mapping[str, Any], defaults: Mapping[str, object]) -> dict[str, Any]:
    """What is asked for beyond what the engine does anyway."""
    return {
        key: value for key, value in found.items() if value is not None and value != defaults[key]
    }


def capabilities(names: Iterable[str]) -> list[str]:
    """Capabilities by the one of their names that files use."""
    return sorted(name.upper().removeprefix("CAP_") for name in names)


def _security(option: str, around: Around, path: KeyPath) -> str:
    """``key:value``; a seccomp profile is a file here, and what is in it on the cluster."""
    key, colon, value = option.replace("=", ":", 1).partition(":")
    if key == "no-new-privileges" and not colon:
        value = "true"
    if key != "seccomp" or value == "unconfined":
        return f"{key}:{value}"
    try:
        profile = json.loads(value if value.startswith("{") else around.read(value))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{show(path)}: seccomp profile {value} cannot be read: {error}"
        ) from error
    return f"{key}:{json.dumps(profile, separators=(',', ':'))}"


def _container(body: Mapping[str, Any], path: KeyPath) -> ContainerSpec:
    part = {key: body[key] for key in _SAME if key in body}
    around = service.Surroundings({}, frozenset(), {}, mounts.Files({}, {}, {}), [])
    found = service.container_spec(part, path, around)
    del found["name"], found["image"]
    return found


def _mounts(body: Mapping[str, Any], around: Around, path: KeyPath) -> list[ServiceMount]:
    found: list[ServiceMount] = []
    for index, entry in enumerate(body.get("volumes") or ()):
        plain = mounts.volume_mount(entry, around.volumes, (*path, "volumes", index))
        mount: ServiceMount = {**plain}  # type: ignore[typeddict-item]
        options = mount.pop("bind", None)
        # Nobody makes directories on the nodes.
        left = {key: value for key, value in (options or {}).items() if key != "create_host_path"}
        if left:
            mount["bind"] = left  # type: ignore[typeddict-item]
        if mount["type"] == "volume" and entry.get("source"):
            _volume(mount, entry["source"], around)
        found.append(mount)
    for index, text in enumerate(body.get("tmpfs") or ()):
        tmpfs = mounts.tmpfs_mount(text, (*path, "tmpfs", index))
        for key in ("options", "uid", "gid"):
            if key in tmpfs:
                raise KeyUnsupported(
                    (*path, "tmpfs", index), f"{key}: a tmpfs of a service has size and mode only"
                )
        found.append({**tmpfs})  # type: ignore[typeddict-item]
    return found


def _volume(mount: ServiceMount, key: str, around: Around) -> None:
    body = around.volumes.get(key) or {}
    if body.get("external"):
        return
    mount["labels"] = {
        **(body.get("labels") or {}),
        **(mount.get("labels") or {}),
        labels.PROJECT: around.project,
        labels.STACK: around.project,
        labels.VOLUME: key,
    }
    if body.get("driver") not in (None, "local"):
        mount["driver"] = body["driver"]
    if body.get("driver_opts"):
        mount["driver_opts"] = body["driver_opts"]


def _grant(section: str, grant: Mapping[str, Any], around: Around) -> Grant:
    source = grant["source"]
    target = str(grant.get("target") or source)
    if section == "secrets":
        target = target.removeprefix("/run/secrets/")
    elif not target.startswith("/"):
        target = f"/{target}"
    found: Grant = {"source": around.stored[section, source], "target": target}
    for key in ("uid", "gid"):
        if str(grant.get(key) or "0") != "0":
            found[key] = str(grant[key])
    if grant.get("mode") not in (None, 0o444):
        found["mode"] = grant["mode"]
    return found


def _networks(name: str, body: Mapping[str, Any], around: Around) -> list[ServiceNetwork]:
    mode = body.get("network_mode")
    if mode in _NETWORK_MODES:
        return [{"network": mode}]
    found: list[ServiceNetwork] = []
    for key, attachment in (body.get("networks") or {}).items():
        network: ServiceNetwork = {"network": around.networks.get(key, key)}
        if network["network"] not in _NETWORK_MODES:
            aliases = [name, *((attachment or {}).get("aliases") or ())]
            network["aliases"] = list(dict.fromkeys(aliases))
        if attachment and attachment.get("driver_opts"):
            network["driver_opts"] = attachment["driver_opts"]
        found.append(network)
    return sorted(found, key=lambda each: each["network"])


def _endpoint(
    spec: ServiceSpec, body: Mapping[str, Any], deploy: Mapping[str, Any], path: KeyPath
) -> None:
    mode = str(deploy.get("endpoint_mode") or "vip")
    if mode == "dnsrr":
        spec["endpoint_mode"] = "dnsrr"
    ports: list[ServicePort] = []
    for index, entry in enumerate(body.get("ports") or ()):
        port: ServicePort = {
            "target": int(entry["target"]),
            "protocol": entry.get("protocol") or "tcp",
            "mode": entry.get("mode") or "ingress",
        }
        if entry.get("published"):
            port["published"] = int(entry["published"])
        if port["mode"] == "ingress" and mode == "dnsrr":
            raise KeyUnsupported(
                (*path, "ports", index),
                "a port of the routing mesh (mode: ingress) needs endpoint_mode vip; publish it with mode: host",
            )
        ports.append(port)
    if ports:
        spec["ports"] = ports


def _deployed(
    spec: ServiceSpec, body: Mapping[str, Any], deploy: Mapping[str, Any], path: KeyPath
) -> None:
    given = deploy.get("resources") or {}
    for key, resources in (
        ("limits", _resources(given.get("limits") or {}, body, {"cpus": "cpus", "memory": "mem_limit", "pids": "pids_limit"})),
        ("reservations", _resources(given.get("reservations") or {}, body, {"memory": "mem_reservation"})),
    ):  # fmt: skip
        if resources:
            spec[key] = resources  # type: ignore[literal-required]
    placement = _placement(deploy.get("placement") or {}, body)
    if placement:
        spec["placement"] = placement
    for key, name in (("update_config", "update"), ("rollback_config", "rollback")):
        if deploy.get(key) and spec["mode"] in JOBS:
            raise KeyUnsupported((*path, "deploy", key), "a job is not updated task by task")
        rollout = _rollout(deploy.get(key) or {})
        if rollout:
            spec[name] = rollout  # type: ignore[literal-required]


def _resources(
    given: Mapping[str, Any], body: Mapping[str, Any], own: Mapping[str, str]
) -> Resources:
    found: Resources = {}
    kinds: dict[str, type] = {"cpus": float, "memory": int, "pids": int}
    for key, kind in kinds.items():
        value = given.get(key) or (body.get(own[key]) if key in own else None)
        if value and kind(value) > 0:
            found[key] = kind(value)  # type: ignore[literal-required]
    generic = {
        str(each["discrete_resource_spec"]["kind"]): str(each["discrete_resource_spec"]["value"])
        for each in given.get("generic_resources") or ()
        if each.get("discrete_resource_spec")
    }
    if generic:
        found["generic"] = generic
    return found


def _placement(given: Mapping[str, Any], body: Mapping[str, Any]) -> Placement:
    found: Placement = {}
    if given.get("constraints"):
        found["constraints"] = list(given["constraints"])
    preferences = [each["spread"] for each in given.get("preferences") or () if each.get("spread")]
    if preferences:
        found["preferences"] = preferences
    if given.get("max_replicas_per_node"):
        found["max_replicas_per_node"] = int(given["max_replicas_per_node"])
    if body.get("platform"):
        found["platforms"] = ["/".join(str(body["platform"]).split("/")[:2])]  # no variants there
    return found


def _rollout(given: Mapping[str, Any]) -> Rollout:
    found: dict[str, Any] = {
        key: given.get(key)
        for key in ("parallelism", "failure_action", "order", "max_failure_ratio")
    }
    for key, kind in (("parallelism", int), ("max_failure_ratio", float)):
        if found[key] is not None:
            found[key] = kind(found[key])
    for key in ("delay", "monitor"):
        if given.get(key):
            found[key] = duration_seconds(given[key])
    return without_defaults(found, DEFAULTS["rollout"])  # type: ignore[return-value]


def _restart(
    name: str,
    body: Mapping[str, Any],
    deploy: Mapping[str, Any],
    mode: Mode,
    around: Around,
    path: KeyPath,
) -> TaskRestart:
    policy = deploy.get("restart_policy")
    word, _, attempts = str(body.get("restart") or "").partition(":")
    if policy is None and body.get("restart") is None:
        # What is waited for to complete must not be started again, and a job is done when it is done.
        once = mode in JOBS or name in around.completing
        found: dict[str, Any] = {"condition": "none" if once else "any"}
    elif policy is None:
        found = {"condition": _CONDITIONS.get(word, word)}
        if attempts:
            found["max_attempts"] = int(attempts)
    else:
        condition = str(policy.get("condition") or "")
        found = {"condition": _CONDITIONS.get(condition, condition)}
        if policy.get("max_attempts"):
            found["max_attempts"] = int(policy["max_attempts"])
        for key in ("delay", "window"):
            if policy.get(key):
                found[key] = duration_seconds(policy[key])
    if found["condition"] == "any" and mode in JOBS:
        raise KeyUnsupported(
            (*path, "deploy", "restart_policy", "condition"), "a job cannot be restarted for ever"
        )
    return without_defaults(found, DEFAULTS["restart"])  # type: ignore[return-value]
