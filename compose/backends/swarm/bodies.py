"""A ServiceSpec in the daemon's words. Pure; ``reading`` is the way back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.backends.swarm.tables import (
    CHECK,
    CONTAINER,
    DNS,
    NANO,
    NEEDS,
    RESTART,
    ROLLOUT,
    TIMES,
    Version,
)
from schemas.errors import InvalidArgument, Unsupported
from schemas.services import JOBS, Grant, Resources, ServiceMount, ServiceSpec
from schemas.specs import Healthcheck
from schemas.typed import NamedTuple

Body = dict[str, Any]
_EMPTY: tuple[object, ...] = (None, "", [], {})


class Ids(NamedTuple):
    """What names stand for on the cluster."""

    networks: Mapping[str, str]
    secrets: Mapping[str, str]
    configs: Mapping[str, str]


def service(spec: ServiceSpec, ids: Ids, version: Version) -> Body:
    """The body of ``POST /services/create``. Unsupported for what this manager is too old for; NotFound is the caller's."""
    body: Body = {
        "Name": spec["name"],
        "Labels": spec.get("labels") or {},
        "TaskTemplate": _task(spec, ids, version),
        "Mode": _mode(spec, version),
        "EndpointSpec": _endpoint(spec),
    }
    for key, name in (("update", "UpdateConfig"), ("rollback", "RollbackConfig")):
        if spec.get(key):
            rollout = {"parallelism": 1, **spec[key]}  # type: ignore[literal-required]
            body[name] = _renamed(rollout, ROLLOUT)
    return body


def need(version: Version, what: str, key: str = "") -> None:
    """Unsupported when the manager is too old."""
    needed, release = NEEDS[key or what]
    if version < needed:
        raise Unsupported(
            f"{what}: this Swarm's manager is too old for it (API {'.'.join(map(str, version))})",
            hint=f"Docker {release} brought it",
        )


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> Body:
    return {
        names[key]: round(value * NANO) if key in TIMES else value for key, value in given.items()
    }


def _mode(spec: ServiceSpec, version: Version) -> Body:
    mode, count = spec["mode"], spec.get("replicas", 1)
    if mode in JOBS:
        need(version, f"deploy.mode: {mode}", "jobs")
    if mode == "replicated":
        return {"Replicated": {"Replicas": count}}
    if mode == "global":
        return {"Global": {}}
    if mode == "replicated-job":
        return {"ReplicatedJob": {"MaxConcurrent": count, "TotalCompletions": count}}
    return {"GlobalJob": {}}


def _endpoint(spec: ServiceSpec) -> Body:
    ports = []
    for port in spec.get("ports") or ():
        entry: Body = {
            "Protocol": port["protocol"],
            "TargetPort": port["target"],
            "PublishMode": port["mode"],
        }
        if port.get("published"):
            entry["PublishedPort"] = port["published"]
        ports.append(entry)
    return {"Mode": spec.get("endpoint_mode") or "vip", "Ports": ports}


def _task(spec: ServiceSpec, ids: Ids, version: Version) -> Body:
    task: Body = {
        "ContainerSpec": _container(spec, ids, version),
        "Resources": {
            "Limits": _resources(spec.get("limits") or {}),
            "Reservations": _resources(spec.get("reservations") or {}),
        },
        "Placement": _placement(spec),
        "Networks": [
            {
                key: value
                for key, value in (
                    ("Target", ids.networks[each["network"]]),
                    ("Aliases", each.get("aliases")),
                    ("DriverOpts", each.get("driver_opts")),
                )
                if value
            }
            for each in spec.get("networks") or ()
        ],
        "ForceUpdate": spec.get("force_update", 0),
    }
    if spec.get("restart"):
        task["RestartPolicy"] = _renamed(spec["restart"], RESTART)
    if spec.get("logging"):
        logging = spec["logging"]
        task["LogDriver"] = {
            "Name": logging.get("driver") or "",
            "Options": logging.get("options") or {},
        }
    return task


def _container(spec: ServiceSpec, ids: Ids, version: Version) -> Body:
    given: Mapping[str, Any] = spec
    body: Body = {
        "Image": spec["image"],
        "Labels": spec.get("container_labels") or {},
        **{name: given[key] for key, name in CONTAINER.items() if given.get(key) not in _EMPTY},
    }
    if "oom_score_adj" in spec:
        need(version, "oom_score_adj")
    if spec.get("environment"):
        body["Env"] = [
            name if value is None else f"{name}={value}"
            for name, value in spec["environment"].items()
        ]
    if spec.get("extra_hosts"):
        body["Hosts"] = [_host(word) for word in spec["extra_hosts"]]
    if "stop_grace_period" in spec:
        body["StopGracePeriod"] = round(spec["stop_grace_period"] * NANO)
    if spec.get("ulimits"):
        body["Ulimits"] = [
            {"Name": name, "Soft": limit["soft"], "Hard": limit["hard"]}
            for name, limit in sorted(spec["ulimits"].items())
        ]
    dns = {name: given[key] for key, name in DNS.items() if given.get(key)}
    if dns:
        body["DNSConfig"] = dns
    if spec.get("healthcheck"):
        body["HealthCheck"] = _healthcheck(spec["healthcheck"], version)
    if spec.get("security_opt"):
        body["Privileges"] = _privileges(spec["security_opt"], version)
    if spec.get("mounts"):
        body["Mounts"] = [_mount(mount, version) for mount in spec["mounts"]]
    if spec.get("secrets"):
        body["Secrets"] = [_grant(grant, "Secret", ids.secrets) for grant in spec["secrets"]]
    if spec.get("configs"):
        body["Configs"] = [_grant(grant, "Config", ids.configs) for grant in spec["configs"]]
    return body


def _host(word: str) -> str:
    """The line of /etc/hosts: the address comes first."""
    name, _, address = word.partition("=")
    if address == "host-gateway":
        raise Unsupported(f"extra_hosts: {name}: host-gateway: nodes of a Swarm do not know it")
    return f"{address} {name}"


def _healthcheck(check: Healthcheck, version: Version) -> Body:
    if "start_interval" in check:
        need(version, "healthcheck.start_interval")
    given: Mapping[str, Any] = check
    body = _renamed({key: given[key] for key in CHECK if key in given}, CHECK)
    if check.get("test"):
        body["Test"] = check["test"]
    if check.get("retries"):
        body["Retries"] = check["retries"]
    return body


def _privileges(options: list[str], version: Version) -> Body:
    body: Body = {}
    for option in options:
        key, _, value = option.replace("=", ":", 1).partition(":")
        if key == "label":
            name, _, text = value.partition(":")
            context = body.setdefault("SELinuxContext", {"Disable": False})
            if name == "disable":
                context["Disable"] = True
            elif name in ("user", "role", "type", "level"):
                context[name.capitalize()] = text
            else:
                raise InvalidArgument(f"security_opt: {option}: unknown label option")
            continue
        need(version, f"security_opt: {option}", "security_opt")
        if key == "no-new-privileges":
            body["NoNewPrivileges"] = value in ("", "true")
        elif key == "apparmor":
            if value != "unconfined":
                raise Unsupported(
                    f"security_opt: {option}: services take apparmor=unconfined or the default profile"
                )
            body["AppArmor"] = {"Mode": "disabled"}
        elif key == "seccomp":
            body["Seccomp"] = _seccomp(value)
        else:
            raise Unsupported(f"security_opt: {option}: services of a Swarm have no such option")
    return body


def _seccomp(value: str) -> Body:
    """``value`` is the profile itself."""
    if value == "unconfined":
        return {"Mode": "unconfined"}
    import base64

    return {"Mode": "custom", "Profile": base64.b64encode(value.encode()).decode()}


def _mount(mount: ServiceMount, version: Version) -> Body:
    kind = mount["type"]
    body: Body = {"Type": kind, "Target": mount["target"]}
    if mount.get("source"):
        body["Source"] = mount["source"]
    if mount.get("read_only"):
        body["ReadOnly"] = True
    bind = mount.get("bind") or {}
    options: Body = {}
    if kind == "bind":
        if bind.get("propagation"):
            options["Propagation"] = bind["propagation"]
        if bind.get("recursive") == "disabled":
            options["NonRecursive"] = True
        elif bind.get("recursive") in ("writable", "readonly"):
            name = (
                "ReadOnlyNonRecursive"
                if bind["recursive"] == "writable"
                else "ReadOnlyForceRecursive"
            )
            options[name] = True
    elif kind == "volume":
        if mount.get("nocopy"):
            options["NoCopy"] = True
        if mount.get("labels"):
            options["Labels"] = mount["labels"]
        if mount.get("driver") or mount.get("driver_opts"):
            options["DriverConfig"] = {
                "Name": mount.get("driver") or "local",
                "Options": mount.get("driver_opts") or {},
            }
        if mount.get("subpath"):
            need(version, "volume.subpath")
            options["Subpath"] = mount["subpath"]
    elif kind == "tmpfs":
        if "size" in mount:
            options["SizeBytes"] = mount["size"]
        if "mode" in mount:
            options["Mode"] = mount["mode"]
    else:
        need(version, "image mounts")
        if mount.get("subpath"):
            options["Subpath"] = mount["subpath"]
    if options:
        body[f"{kind.capitalize()}Options"] = options
    return body


def _grant(grant: Grant, word: str, ids: Mapping[str, str]) -> Body:
    return {
        "File": {
            "Name": grant["target"],
            "UID": grant.get("uid") or "0",
            "GID": grant.get("gid") or "0",
            "Mode": grant.get("mode", 0o444),
        },
        f"{word}ID": ids[grant["source"]],
        f"{word}Name": grant["source"],
    }


def _resources(given: Resources) -> Body:
    body: Body = {}
    if "cpus" in given:
        body["NanoCPUs"] = round(given["cpus"] * NANO)
    if "memory" in given:
        body["MemoryBytes"] = given["memory"]
    if "pids" in given:
        body["Pids"] = given["pids"]
    if given.get("generic"):
        body["GenericResources"] = [
            {"DiscreteResourceSpec": {"Kind": kind, "Value": int(value)}}
            if value.isdecimal()
            else {"NamedResourceSpec": {"Kind": kind, "Value": value}}
            for kind, value in sorted(given["generic"].items())
        ]
    return body


def _placement(spec: ServiceSpec) -> Body:
    given = spec.get("placement") or {}
    body: Body = {}
    if given.get("constraints"):
        body["Constraints"] = given["constraints"]
    if given.get("preferences"):
        body["Preferences"] = [
            {"Spread": {"SpreadDescriptor": word}} for word in given["preferences"]
        ]
    if given.get("max_replicas_per_node"):
        body["MaxReplicas"] = given["max_replicas_per_node"]
    if given.get("platforms"):
        platforms = []
        for text in given["platforms"]:
            system, _, architecture = text.partition("/")
            platforms.append({"OS": system, "Architecture": architecture.partition("/")[0]})
        body["Platforms"] = platforms
    return body
