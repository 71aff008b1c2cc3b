"""From the daemon's documents to specs and records. Pure; ``bodies`` is the way there.

What the daemon does anyway is left out of a spec, so that ``specification(service(spec))`` is ``spec`` again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.backends.docker.times import seconds
from compose.backends.swarm.tables import CHECK, CONTAINER, DNS, NANO, RESTART, ROLLOUT, TIMES
from compose.translate.cluster import DEFAULTS, capabilities, without_defaults
from schemas.services import (
    Grant,
    Mode,
    NodeInfo,
    ServiceInfo,
    ServicePort,
    ServiceSpec,
    StoredInfo,
    TaskInfo,
)

Document = Mapping[str, Any]
_EMPTY: tuple[object, ...] = (None, "", [], {}, False)
_MODES: dict[str, Mode] = {
    "Replicated": "replicated",
    "Global": "global",
    "ReplicatedJob": "replicated-job",
    "GlobalJob": "global-job",
}


def service(found: Document, networks: Mapping[str, str]) -> ServiceInfo:
    """Of ``GET /services/{id}``; ``networks``: names by id."""
    update = found.get("UpdateStatus") or {}
    previous = found.get("PreviousSpec")
    job = found.get("JobStatus") or {}
    return ServiceInfo(
        id=found["ID"],
        name=found["Spec"]["Name"],
        version=int(found["Version"]["Index"]),
        spec=specification(found["Spec"], networks),
        previous=specification(previous, networks) if previous else None,
        created=seconds(found.get("CreatedAt") or ""),
        updated=seconds(found.get("UpdatedAt") or ""),
        update_state=update.get("State") or "",
        update_message=update.get("Message") or "",
        iteration=int((job.get("JobIteration") or {}).get("Index") or 0),
        ports=tuple(
            port
            for port in _ports((found.get("Endpoint") or {}).get("Ports") or ())
            if port["mode"] == "ingress"
        ),
    )


def specification(found: Document, networks: Mapping[str, str]) -> ServiceSpec:
    """The spec that a service has. What other tools gave it that has no place in a ServiceSpec is not told."""
    task = found.get("TaskTemplate") or {}
    container = task.get("ContainerSpec") or {}
    mode, body = next(iter((found.get("Mode") or {"Replicated": {}}).items()))
    resources = task.get("Resources") or {}
    endpoint = found.get("EndpointSpec") or {}
    logging = task.get("LogDriver") or {}
    given: dict[str, Any] = {
        "labels": found.get("Labels"),
        **_container(container),
        "networks": _networks(task.get("Networks") or found.get("Networks") or (), networks),
        "ports": list(_ports(endpoint.get("Ports") or ())),
        "endpoint_mode": "dnsrr" if endpoint.get("Mode") == "dnsrr" else None,
        "limits": _resources(resources.get("Limits") or {}),
        "reservations": _resources(resources.get("Reservations") or {}),
        "restart": without_defaults(
            _renamed(task.get("RestartPolicy") or {}, RESTART), DEFAULTS["restart"]
        ),
        "placement": _placement(task.get("Placement") or {}),
        "force_update": task.get("ForceUpdate"),
        "logging": {
            key: value
            for key, value in (("driver", logging.get("Name")), ("options", logging.get("Options")))
            if value
        },
    }
    for key, name in (("update", "UpdateConfig"), ("rollback", "RollbackConfig")):
        given[key] = without_defaults(_renamed(found.get(name) or {}, ROLLOUT), DEFAULTS["rollout"])
    spec = {key: value for key, value in given.items() if value not in _EMPTY}
    if given["stop_grace_period"] is not None:  # none at all says something
        spec["stop_grace_period"] = given["stop_grace_period"]
    spec |= {
        "name": found.get("Name") or "",
        "image": container.get("Image") or "",
        "mode": _MODES[mode],
    }
    if mode == "Replicated":
        spec["replicas"] = int(body.get("Replicas", 1))
    elif mode == "ReplicatedJob":
        spec["replicas"] = int(body.get("TotalCompletions", 1))
    return spec  # type: ignore[return-value]


def task(found: Document, services: Mapping[str, Document]) -> TaskInfo:
    """Of ``GET /tasks/{id}``; ``services``: the documents of the services by id."""
    status = found.get("Status") or {}
    container = status.get("ContainerStatus") or {}
    owner = services[found["ServiceID"]]
    return TaskInfo(
        id=found["ID"],
        service_id=found["ServiceID"],
        service=owner["Spec"]["Name"],
        slot=int(found.get("Slot") or 0),
        node_id=found.get("NodeID") or "",
        desired=found.get("DesiredState") or "",
        state=status.get("State") or "",
        message=status.get("Message") or "",
        error=status.get("Err") or "",
        exit_code=int(container.get("ExitCode") or 0),
        image=((found.get("Spec") or {}).get("ContainerSpec") or {}).get("Image") or "",
        container_id=container.get("ContainerID") or "",
        created=seconds(found.get("CreatedAt") or ""),
        changed=seconds(status.get("Timestamp") or ""),
        current=_current(found, owner),
        ports=_ports((status.get("PortStatus") or {}).get("Ports") or ()),
        addresses=tuple(
            address.partition("/")[0]
            for attachment in found.get("NetworksAttachments") or ()
            for address in attachment.get("Addresses") or ()
        ),
    )


def node(found: Document) -> NodeInfo:
    """Of ``GET /nodes/{id}``."""
    description, status = found.get("Description") or {}, found.get("Status") or {}
    manager = found.get("ManagerStatus") or {}
    return NodeInfo(
        id=found["ID"],
        hostname=description.get("Hostname") or found["ID"],
        state=status.get("State") or "unknown",
        availability=found["Spec"].get("Availability") or "active",
        role=found["Spec"].get("Role") or "worker",
        leader=bool(manager.get("Leader")),
        address=status.get("Addr") or "",
        version=(description.get("Engine") or {}).get("EngineVersion") or "",
    )


def stored(found: Document) -> StoredInfo:
    """Of ``GET /secrets/{id}`` or ``/configs/{id}``."""
    spec = found["Spec"]
    return StoredInfo(
        found["ID"], spec["Name"], spec.get("Labels") or {}, seconds(found.get("CreatedAt") or "")
    )


def _current(found: Document, owner: Document) -> bool:
    """Whether a task is of its service's present spec and run. ``Runtime`` is told of the one and not of the other."""
    wanted = {
        key: value for key, value in owner["Spec"]["TaskTemplate"].items() if key != "Runtime"
    }
    mine = {key: value for key, value in (found.get("Spec") or {}).items() if key != "Runtime"}
    run = ((owner.get("JobStatus") or {}).get("JobIteration") or {}).get("Index")
    return mine == wanted and (run is None or (found.get("JobIteration") or {}).get("Index") == run)


def _renamed(found: Document, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: found[name] / NANO if key in TIMES else found[name]
        for key, name in names.items()
        if found.get(name) is not None
        and not (name in ("FailureAction", "Order", "Condition") and not found[name])
    }


def _container(found: Document) -> dict[str, Any]:
    given: dict[str, Any] = {key: found.get(name) for key, name in CONTAINER.items()}
    for key in ("cap_add", "cap_drop"):
        given[key] = capabilities(given[key] or ())
    given["container_labels"] = found.get("Labels")
    given["environment"] = dict(_variable(word) for word in found.get("Env") or ())
    given["extra_hosts"] = [_host(line) for line in found.get("Hosts") or ()]
    grace = found.get("StopGracePeriod")
    given["stop_grace_period"] = grace / NANO if grace is not None else None
    given["ulimits"] = {
        limit["Name"]: {"soft": limit.get("Soft", 0), "hard": limit.get("Hard", 0)}
        for limit in found.get("Ulimits") or ()
    }
    given |= {key: (found.get("DNSConfig") or {}).get(name) for key, name in DNS.items()}
    given["healthcheck"] = _healthcheck(found.get("HealthCheck") or found.get("Healthcheck") or {})
    given["security_opt"] = _security(found.get("Privileges") or {})
    given["mounts"] = [_mount(mount) for mount in found.get("Mounts") or ()]
    given["secrets"] = [_grant(each, "Secret") for each in found.get("Secrets") or ()]
    given["configs"] = [_grant(each, "Config") for each in found.get("Configs") or ()]
    return given


def _variable(word: str) -> tuple[str, str | None]:
    name, equals, value = word.partition("=")
    return name, value if equals else None


def _host(line: str) -> str:
    address, _, name = line.partition(" ")
    return f"{name.strip()}={address}"


def _healthcheck(found: Document) -> dict[str, Any]:
    check: dict[str, Any] = {
        key: found[name] / NANO for key, name in CHECK.items() if found.get(name)
    }
    if found.get("Test"):
        check["test"] = found["Test"]
    if found.get("Retries"):
        check["retries"] = found["Retries"]
    return check


def _security(found: Document) -> list[str]:
    options = []
    if found.get("NoNewPrivileges"):
        options.append("no-new-privileges:true")
    if (found.get("AppArmor") or {}).get("Mode") == "disabled":
        options.append("apparmor:unconfined")
    seccomp = found.get("Seccomp") or {}
    if seccomp.get("Mode") == "unconfined":
        options.append("seccomp:unconfined")
    elif seccomp.get("Mode") == "custom":
        import base64

        options.append(f"seccomp:{base64.b64decode(seccomp.get('Profile') or '').decode()}")
    context = found.get("SELinuxContext") or {}
    if context.get("Disable"):
        options.append("label:disable")
    options += [
        f"label:{key.lower()}:{context[key]}"
        for key in ("User", "Role", "Type", "Level")
        if context.get(key)
    ]
    return sorted(options)


def _mount(found: Document) -> dict[str, Any]:
    kind = str(found.get("Type") or "volume")
    options = found.get(f"{kind.capitalize()}Options") or {}
    mount: dict[str, Any] = {"type": kind, "target": found["Target"]}
    driver = options.get("DriverConfig") or {}
    bind = {"propagation": options.get("Propagation")} if kind == "bind" else {}
    if options.get("NonRecursive"):
        bind["recursive"] = "disabled"
    elif options.get("ReadOnlyNonRecursive"):
        bind["recursive"] = "writable"
    elif options.get("ReadOnlyForceRecursive"):
        bind["recursive"] = "readonly"
    more = {
        "source": found.get("Source"),
        "read_only": found.get("ReadOnly"),
        "bind": {key: value for key, value in bind.items() if value},
        "nocopy": options.get("NoCopy"),
        "labels": options.get("Labels"),
        "driver": driver.get("Name") if driver.get("Name") != "local" else None,
        "driver_opts": driver.get("Options"),
        "subpath": options.get("Subpath"),
        "size": options.get("SizeBytes"),
        "mode": options.get("Mode"),
    }
    return {**mount, **{key: value for key, value in more.items() if value not in _EMPTY}}


def _grant(found: Document, word: str) -> Grant:
    file = found.get("File") or {}
    grant: Grant = {"source": found[f"{word}Name"], "target": file.get("Name") or ""}
    for key, name in (("uid", "UID"), ("gid", "GID")):
        if (file.get(name) or "0") != "0":
            grant[key] = file[name]  # type: ignore[literal-required]
    if file.get("Mode", 0o444) != 0o444:
        grant["mode"] = file["Mode"]
    return grant


def _networks(found: Any, names: Mapping[str, str]) -> list[dict[str, Any]]:
    networks = []
    for each in found:
        network = {"network": names.get(each["Target"], each["Target"])}
        for key, name in (("aliases", "Aliases"), ("driver_opts", "DriverOpts")):
            if each.get(name):
                network[key] = each[name]
        networks.append(network)
    return sorted(networks, key=lambda each: str(each["network"]))


def _ports(found: Any) -> tuple[ServicePort, ...]:
    ports: list[ServicePort] = []
    for each in found:
        port: ServicePort = {
            "target": int(each.get("TargetPort") or 0),
            "protocol": each.get("Protocol") or "tcp",
            "mode": each.get("PublishMode") or "ingress",
        }
        if each.get("PublishedPort"):
            port["published"] = int(each["PublishedPort"])
        ports.append(port)
    return tuple(ports)


def _resources(found: Document) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if found.get("NanoCPUs"):
        given["cpus"] = found["NanoCPUs"] / NANO
    if found.get("MemoryBytes"):
        given["memory"] = found["MemoryBytes"]
    if found.get("Pids"):
        given["pids"] = found["Pids"]
    generic = {}
    for each in found.get("GenericResources") or ():
        entry = next(iter(each.values()))
        generic[entry["Kind"]] = str(entry["Value"])
    if generic:
        given["generic"] = generic
    return given


def _placement(found: Document) -> dict[str, Any]:
    given = {
        "constraints": found.get("Constraints"),
        "preferences": [
            each["Spread"]["SpreadDescriptor"]
            for each in found.get("Preferences") or ()
            if each.get("Spread")
        ],
        "max_replicas_per_node": found.get("MaxReplicas"),
        "platforms": [
            f"{each.get('OS', '')}/{each.get('Architecture', '')}"
            for each in found.get("Platforms") or ()
        ],
    }
    return {key: value for key, value in given.items() if value}
