"""A service of the canonical tree as a ContainerSpec: every key is translated, is another command's, or is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compose.paths import KeyPath, show
from compose.text import duration_seconds
from compose.translate import hooks, limits, mounts, network
from compose.translate.refusal import KeyUnsupported
from schemas.specs import ContainerSpec, Device, Healthcheck, Restart
from schemas.typed import NamedTuple


class Surroundings(NamedTuple):
    """What a service refers to: the names of networks, the sections, the content of files; and where warnings go."""

    networks: Mapping[str, str]  # key → name
    external: frozenset[str]  # keys of external networks
    volumes: mounts.Section
    files: mounts.Files
    warnings: list[str]


_Translate = Callable[[Any, ContainerSpec, KeyPath, Surroundings], None]

# Taken as they are; the words are the same.
_SAME = frozenset((
    "annotations", "cap_add", "cap_drop", "cgroup", "cgroup_parent", "device_cgroup_rules", "dns", "dns_opt", "dns_search",
    "domainname", "environment", "expose", "extra_hosts", "group_add", "hostname", "init", "ipc", "logging", "mac_address",
    "network_mode", "oom_score_adj", "pid", "platform", "privileged", "read_only", "security_opt", "stdin_open",
    "stop_signal", "storage_opt", "sysctls", "tty", "user", "userns_mode", "uts", "working_dir",
))  # fmt: skip
# Read by somebody else: the loader, the planner, the image verbs, the command line.
_ELSEWHERE = frozenset((
    "attach", "build", "container_name", "depends_on", "develop", "env_file", "extends", "label_file", "links", "profiles",
    "provider", "pull_policy", "pull_refresh_after", "scale", "volumes_from",
))  # fmt: skip
REFUSED = {
    "models": "there is no model runner",
    "use_api_socket": "there is no API socket",
}
# Nothing is lost here: what another platform alone can do is worth a warning.
_WITHOUT_EFFECT = dict.fromkeys(
    ("cpu_count", "cpu_percent", "credential_spec", "isolation"), "Windows containers only"
)
SWARM_ONLY = ("endpoint_mode", "labels", "placement", "rollback_config", "update_config")
# Of a health check: what turns unhealthy is stopped and started again.
RESTART = "x-restart"
_POLICIES = {"none": "no", "no": "no", "any": "always", "": "no"}


def container_spec(body: Mapping[str, Any], path: KeyPath, around: Surroundings) -> ContainerSpec:
    """The spec of a service's containers, without name and labels. KeyUnsupported, UsageError."""
    spec: ContainerSpec = {"name": "", "image": ""}
    for key, value in body.items():
        if key in _SAME:
            if value not in (None, "", [], {}):
                spec[key] = value  # type: ignore[literal-required]
        elif key in _TRANSLATED:
            _TRANSLATED[key](value, spec, (*path, key), around)
        elif key not in _ELSEWHERE and key not in limits.KEYS and not key.startswith("x-"):
            _refuse(key, value, (*path, key), around.warnings)
    wanted = limits.limits(body, path, around.warnings)
    if wanted:
        spec["limits"] = wanted
    _networks(body.get("networks") or {}, spec, (*path, "networks"), around)
    return spec


def _refuse(key: str, value: Any, path: KeyPath, warnings: list[str]) -> None:
    if _DEFAULTS.get(key) == value:
        return
    if key in _WITHOUT_EFFECT:
        warnings.append(f"{show(path)} has no effect here: {_WITHOUT_EFFECT[key]}")
        return
    raise KeyUnsupported(path, f"not supported: {REFUSED.get(key) or 'nothing here honours it'}")


# Keys that are refused, except with the value that they have anyway.
_DEFAULTS = {"isolation": "default", "volume_driver": "local"}


def _words(key: str) -> _Translate:
    def translate(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
        # An empty command is no command: the image's counts. An empty entrypoint takes the image's away.
        if value or (value is not None and key == "entrypoint"):
            spec[key] = list(value)  # type: ignore[literal-required]

    return translate


def _image(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec["image"] = value


def _labels(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec["labels"] = dict(value)


def _volumes(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec.setdefault("mounts", []).extend(
        mounts.volume_mount(entry, around.volumes, (*path, index))
        for index, entry in enumerate(value)
    )


def _tmpfs(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec.setdefault("mounts", []).extend(
        mounts.tmpfs_mount(text, (*path, index)) for index, text in enumerate(value)
    )


def _files(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec.setdefault("files", []).extend(
        mounts.file_mount(str(path[-1]), grant, around.files, (*path, index))
        for index, grant in enumerate(value)
    )


def _ports(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    if value:
        spec["ports"] = [network.port(entry) for entry in value]


def _devices(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    devices: list[Device] = []
    named: list[str] = []
    for index, entry in enumerate(value):
        source = entry["source"]
        if not source.startswith("/"):
            if "=" not in source:
                raise KeyUnsupported(
                    (*path, index),
                    f"{source} is neither a path nor a CDI device (vendor.com/class=name)",
                )
            named.append(source)
            continue
        devices.append(
            {
                "source": source,
                "target": entry.get("target") or source,
                "permissions": entry.get("permissions") or "rwm",
            }
        )
    if devices:
        spec["devices"] = devices
    if named:
        spec.setdefault("device_requests", []).append({"driver": "cdi", "device_ids": named})


def _gpus(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    if value:
        spec.setdefault("device_requests", []).extend(
            limits.device_request(entry) for entry in value
        )


def _healthcheck(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    check: Healthcheck = {}
    if value.get("disable"):
        check["test"] = ["NONE"]
    elif value.get("test"):
        check["test"] = list(value["test"])
    for key in ("interval", "timeout", "start_period", "start_interval"):
        seconds = duration_seconds(value[key]) if value.get(key) else 0.0
        if seconds:  # zero means the image's, or the default
            check[key] = seconds
    if value.get("retries"):
        check["retries"] = value["retries"]
    if value.get(RESTART):
        if value[RESTART] is not True:
            raise KeyUnsupported((*path, RESTART), "is true or false")
        check["restart"] = True
    if check:
        spec["healthcheck"] = check


def _restart(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    name, _, retries = str(value).partition(":")
    policy = _policy(name, path)
    if retries:
        if not retries.isdecimal() or (policy["name"] != "on-failure" and int(retries)):
            raise KeyUnsupported(path, f"{value}: a number of attempts goes with on-failure only")
        policy["max_retries"] = int(retries)
    spec.setdefault("restart", policy)  # deploy.restart_policy goes first


def _deploy(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    if not value:
        return
    mode = value.get("mode") or "replicated"
    ignored = [key for key in SWARM_ONLY if value.get(key)]
    if mode != "replicated":
        ignored.append("mode")
    for key in ignored:
        around.warnings.append(f"{show((*path, key))} has no effect here: only Swarm honours it")
    reserved = (value.get("resources") or {}).get("reservations") or {}
    _gpus(reserved.get("devices"), spec, path, around)
    policy = value.get("restart_policy")
    if policy is not None:
        spec["restart"] = _deploy_restart(policy, (*path, "restart_policy"), around)


def _deploy_restart(body: Mapping[str, Any], path: KeyPath, around: Surroundings) -> Restart:
    condition = body.get("condition") or ""
    if not condition:
        around.warnings.append(
            f"{show(path)} without a condition restarts nothing (as in Docker Compose)"
        )
    policy = _policy(condition, (*path, "condition"))
    if body.get("max_attempts"):
        policy["max_retries"] = int(body["max_attempts"])
    for key in ("delay", "window"):
        if body.get(key):
            policy[key] = duration_seconds(body[key])
    return policy


def _policy(condition: str, path: KeyPath) -> Restart:
    name = _POLICIES.get(condition, condition)
    if name not in ("no", "always", "unless-stopped", "on-failure"):
        raise KeyUnsupported(path, f"unknown restart policy {condition}")
    return {"name": name}  # type: ignore[typeddict-item]


def _external_links(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec["links"] = [link if ":" in link else f"{link}:{link}" for link in value]


def _seconds(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec["stop_grace_period"] = duration_seconds(value)


def _hooks(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    if value:
        spec[str(path[-1])] = hooks.hooks(value, path)  # type: ignore[literal-required]


def _runtime(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    if value and value != "runc":  # which every engine is, or starts
        spec["runtime"] = value


def _size(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    spec["shm_size"] = int(value)


def _ulimits(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    if value:
        spec["ulimits"] = limits.ulimits(value)


def _networks(
    value: Mapping[str, Any], spec: ContainerSpec, path: KeyPath, around: Surroundings
) -> None:
    for key in value:
        name = around.networks.get(key, key)
        if key in around.external and name in network.BUILTIN:
            if len(value) > 1:
                raise KeyUnsupported((*path, key), f"network {name} cannot be combined with others")
            spec["network_mode"] = name
            return
    if value:
        spec["endpoints"] = network.endpoints(value, around.networks)


def _done(value: Any, spec: ContainerSpec, path: KeyPath, around: Surroundings) -> None:
    """``networks`` comes last, because it can set the network mode."""


_TRANSLATED: dict[str, _Translate] = {
    "command": _words("command"),
    "configs": _files,
    "deploy": _deploy,
    "devices": _devices,
    "entrypoint": _words("entrypoint"),
    "external_links": _external_links,
    "gpus": _gpus,
    "healthcheck": _healthcheck,
    "image": _image,
    "labels": _labels,
    "networks": _done,
    "ports": _ports,
    "post_start": _hooks,
    "pre_start": _hooks,
    "pre_stop": _hooks,
    "restart": _restart,
    "runtime": _runtime,
    "secrets": _files,
    "shm_size": _size,
    "stop_grace_period": _seconds,
    "tmpfs": _tmpfs,
    "ulimits": _ulimits,
    "volumes": _volumes,
}
