"""Implicit things made explicit (compose-go normalize): networks, names, build defaults, implied dependencies."""

from __future__ import annotations

from compose.loader.canonical.volumes import clean_path
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Lookup = Callable[[str], "str | None"]

_NAMESPACES = ("network_mode", "ipc", "pid", "uts", "cgroup")
SECTIONS = ("networks", "volumes", "secrets", "configs")


def set_defaults(tree: dict[str, Any]) -> None:
    """Values that the long form of some attributes always has."""
    for body in (tree.get("services") or {}).values():
        if not isinstance(body, dict):
            continue
        build = body.get("build")
        if isinstance(build, dict) and build.get("context") is None:
            build["context"] = "."
        for port in body.get("ports") or ():
            if isinstance(port, dict):
                port.setdefault("protocol", "tcp")
                port.setdefault("mode", "ingress")
        for mount in body.get("secrets") or ():
            if isinstance(mount, dict) and "target" not in mount:
                mount["target"] = f"/run/secrets/{mount.get('source')}"
        for _, requests in device_requests(body):
            for request in requests:
                if "count" not in request and not request.get("device_ids"):
                    request["count"] = "all"


def device_requests(body: dict[str, Any]) -> list[tuple[KeyPath, list[dict[str, Any]]]]:
    """(key path in the service, requests) of both places where devices are asked for."""
    found: list[tuple[KeyPath, list[dict[str, Any]]]] = []
    places: tuple[KeyPath, ...] = (("gpus",), ("deploy", "resources", "reservations", "devices"))
    for keys in places:
        node: Any = body
        for key in keys:
            node = node.get(key) if isinstance(node, dict) else None
        if isinstance(node, list):
            found.append((keys, [request for request in node if isinstance(request, dict)]))
    return found


def resolve_environment(tree: dict[str, Any], lookup: Lookup) -> None:
    """Variables of services without a value take the project environment's."""
    for body in (tree.get("services") or {}).values():
        if isinstance(body, dict) and "environment" in body:
            body["environment"] = _resolved(body["environment"], lookup, keep=True)


def _resolved(variables: Any, lookup: Lookup, *, keep: bool) -> Any:
    """Bare names with their values; one that has none is kept or dropped. Mapping or list, in place."""
    if isinstance(variables, dict):
        for name in [name for name, value in variables.items() if value is None]:
            value = lookup(name)
            if value is not None or keep:
                variables[name] = value
            else:
                del variables[name]
    elif isinstance(variables, list):
        kept = []
        for item in variables:
            value = lookup(item) if isinstance(item, str) and "=" not in item else None
            if value is not None:
                kept.append(f"{item}={value}")
            elif keep or "=" in str(item):
                kept.append(item)
        variables[:] = kept
    return variables


def normalize(tree: dict[str, Any], project: str, lookup: Lookup | None) -> None:
    """Make explicit what Compose adds by itself, in place; without a lookup variables are left alone."""
    services = tree.get("services") or {}
    uses_default = False
    for name, body in services.items():
        if body is None:
            services[name] = body = {}
        _service(body, lookup)
        if not body.get("networks") and "network_mode" not in body and "provider" not in body:
            body["networks"] = {"default": None}
        uses_default = uses_default or "default" in (body.get("networks") or ())
    networks = tree.get("networks")
    if uses_default and "default" not in (networks or {}):
        if not isinstance(networks, dict):
            networks = tree["networks"] = {}
        networks["default"] = None
    for section in SECTIONS:
        resources = tree.get(section) or {}
        for key, body in resources.items():
            if body is None:
                resources[key] = body = {}
            if body.get("name") is None:
                body["name"] = key if body.get("external") else f"{project}_{key}"
    tree["name"] = project


def share_scale(services: dict[str, Any]) -> None:
    """``scale`` is what ``deploy`` has as ``replicas``, which the reference sees to while it checks consistency."""
    for body in services.values():
        deploy, scale = body.get("deploy"), body.get("scale")
        if scale is not None and isinstance(deploy, dict) and deploy.get("replicas") is None:
            deploy["replicas"] = scale


def _service(body: dict[str, Any], lookup: Lookup | None) -> None:
    if body.get("pull_policy") == "if_not_present":
        body["pull_policy"] = "missing"
    build = body.get("build")
    if isinstance(build, dict):
        if "dockerfile" not in build and "dockerfile_inline" not in build:
            build["dockerfile"] = "Dockerfile"
        if lookup is not None:
            _resolved(build.get("args"), lookup, keep=False)
    for mount in body.get("volumes") or ():
        if isinstance(mount, dict) and isinstance(mount.get("target"), str):
            mount["target"] = clean_path(mount["target"])
    _implied_dependencies(body)


def _implied_dependencies(body: dict[str, Any]) -> None:
    implied: dict[str, bool] = {}
    for link in body.get("links") or ():
        parts = str(link).split(":")
        implied.setdefault(parts[0] if len(parts) == 2 else str(link), True)
    for key in _NAMESPACES:
        value = body.get(key)
        if isinstance(value, str) and value.startswith("service:"):
            implied.setdefault(value.removeprefix("service:"), True)
    for source in body.get("volumes_from") or ():
        if not str(source).startswith("container:"):
            implied.setdefault(str(source).split(":")[0], False)
    if not implied:
        return
    wanted = body.get("depends_on")
    if not isinstance(wanted, dict):
        wanted = body["depends_on"] = {}
    for name, restart in implied.items():
        if name not in wanted:
            wanted[name] = {"condition": "service_started", "restart": restart, "required": True}


def prune_unused(tree: dict[str, Any], services: dict[str, Any]) -> None:
    """Drop the resources that no service uses."""
    used: dict[str, set[str]] = {section: set() for section in (*SECTIONS, "models")}
    for body in services.values():
        used["networks"].update(body.get("networks") or ())
        used["models"].update(body.get("models") or ())
        for volume in body.get("volumes") or ():
            if volume.get("type") == "volume" and volume.get("source"):
                used["volumes"].add(volume["source"])
        for section in ("secrets", "configs"):
            used[section].update(mount.get("source") for mount in body.get(section) or ())
        build = body.get("build")
        if isinstance(build, dict):
            used["secrets"].update(mount.get("source") for mount in build.get("secrets") or ())
    for section, names in used.items():
        resources = tree.get(section)
        if isinstance(resources, dict):
            tree[section] = {key: body for key, body in resources.items() if key in names}
