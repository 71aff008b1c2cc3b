"""``Project`` → ``Stack``: everything that must exist on a cluster, in its words. Pure, but for the content of files.

Secrets and configs cannot be changed on a cluster. So the digest of what they hold is a part of their name: changed content
is another secret, and the services that use it are updated; nobody reads a half-changed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compose.graph import Dependency, node, select, write_label
from compose.hashing import network_hash
from compose.project import Project
from compose.translate import network
from compose.translate.cluster import Around, service_spec
from compose.version import VERSION
from schemas import labels
from schemas.digest import sha256
from schemas.errors import UsageError
from schemas.services import Kind, ServiceSpec, StoredSpec
from schemas.specs import NetworkSpec
from schemas.typed import NamedTuple

KINDS: tuple[Kind, ...] = ("secrets", "configs")
_NAME_LENGTH = 64  # of a secret or config
_DIGEST = 12
# Networks that every node has of its own.
_PREDEFINED = ("host", "none", "bridge", "ingress")

ReadFile = Callable[[str], bytes]


class StackService(NamedTuple):
    """``spec`` has its image as the file has it; the digest comes later."""

    name: str  # in the file
    spec: ServiceSpec
    depends_on: tuple[Dependency, ...]


class StackNetwork(NamedTuple):
    name: str
    spec: NetworkSpec
    hash: str
    external: bool


class StackFile(NamedTuple):
    """A secret or config. ``spec`` is None for an external one."""

    kind: Kind
    key: str
    name: str
    spec: StoredSpec | None


class Stack(NamedTuple):
    """By key of the file. ``disabled``: services that the files have but nobody wants now."""

    project: str
    services: dict[str, StackService]
    networks: dict[str, StackNetwork]
    files: tuple[StackFile, ...]
    disabled: tuple[str, ...]


def stack(
    project: Project,
    *,
    read: ReadFile,
    services: tuple[str, ...] = (),
    no_deps: bool = False,
    scale: Mapping[str, int] = {},
) -> Stack:
    """What the project wants: the named ``services`` and what they depend on; all without names. KeyUnsupported, UsageError."""
    nodes = {name: node(project.name, name, body) for name, body in project.services.items()}
    chosen = select(nodes, services, no_deps=no_deps)
    for name in scale:
        if name not in nodes:
            raise UsageError(f"no such service: {name}")
    files = _files(project, chosen, read)
    networks = _networks(project)
    around = Around(
        project.name,
        {key: found.name for key, found in networks.items()},
        project.named("volumes"),
        {(file.kind, file.key): file.name for file in files},
        frozenset(
            each.service
            for name in chosen
            for each in nodes[name].depends_on
            if each.condition == "service_completed_successfully"
        ),
        read,
    )
    wanted: dict[str, StackService] = {}
    used: set[str] = set()
    for name, body in project.services.items():
        if name not in chosen:
            continue
        spec = service_spec(name, body, around, scale=scale.get(name))
        depends_on = tuple(each for each in nodes[name].depends_on if each.service in chosen)
        _label(spec, name, body, project, depends_on)
        wanted[name] = StackService(name, spec, depends_on)
        used.update(nodes[name].networks)
    return Stack(
        project.name,
        wanted,
        {key: found for key, found in networks.items() if key in used and not _predefined(found)},
        files,
        tuple([name for name in project.services if name not in chosen] + sorted(project.disabled)),
    )


def _predefined(found: StackNetwork) -> bool:
    return found.external and found.name in _PREDEFINED


def _label(
    spec: ServiceSpec,
    name: str,
    body: Mapping[str, Any],
    project: Project,
    depends_on: tuple[Dependency, ...],
) -> None:
    common = _common(project.name)
    spec["labels"] = {
        **((body.get("deploy") or {}).get("labels") or {}),
        **common,
        labels.STACK_IMAGE: spec["image"],
        labels.SERVICE: name,
        labels.DEPENDS_ON: write_label(depends_on),
        labels.WORKING_DIR: project.working_dir,
        labels.CONFIG_FILES: ",".join(project.files),
        labels.VERSION: VERSION,
    }
    spec["container_labels"] = {**(body.get("labels") or {}), **common, labels.SERVICE: name}


def _common(project: str) -> dict[str, str]:
    return {labels.STACK: project, labels.PROJECT: project}


def _networks(project: Project) -> dict[str, StackNetwork]:
    found = {}
    for key, body in project.named("networks").items():
        name = body["name"]
        external = bool(body.get("external"))
        # One of a single node is of no use to services: what joins nodes is an overlay.
        body = {**body, "driver": "overlay"} if body.get("driver") in (None, "bridge") else body
        digest = "" if external else network_hash(body)
        spec: NetworkSpec = {"name": name}
        if not external:
            own = {
                **_common(project.name),
                labels.NETWORK: key,
                labels.VERSION: VERSION,
                labels.CONFIG_HASH: digest,
            }
            spec = network.network_spec(body, name, own, ("networks", key))
        found[key] = StackNetwork(name, spec, digest, external)
    return found


def _files(project: Project, chosen: frozenset[str], read: ReadFile) -> tuple[StackFile, ...]:
    found = []
    for kind in KINDS:
        used = {
            grant["source"] for name in chosen for grant in project.services[name].get(kind) or ()
        }
        for key, body in project.named(kind).items():
            if key in used:
                found.append(_file(project, kind, key, body, read))
    return tuple(found)


def _file(
    project: Project, kind: Kind, key: str, body: Mapping[str, Any], read: ReadFile
) -> StackFile:
    name = str(body["name"])
    if body.get("external"):
        return StackFile(kind, key, name, None)
    spec: StoredSpec = {"name": name}
    mark = sha256()
    if body.get("driver"):
        spec["driver"] = body["driver"]
        spec["driver_opts"] = dict(body.get("driver_opts") or {})
        mark.update(repr((spec["driver"], sorted(spec["driver_opts"].items()))).encode())
    else:
        spec["content"] = _content(project, kind, key, body, read)
        mark.update(spec["content"])
    if body.get("template_driver"):
        spec["template_driver"] = body["template_driver"]
        mark.update(b"\0" + spec["template_driver"].encode())
    spec["name"] = f"{name[: _NAME_LENGTH - _DIGEST - 1]}-{mark.hexdigest()[:_DIGEST]}"
    spec["labels"] = {
        **(body.get("labels") or {}),
        **_common(project.name),
        labels.STORED: key,
    }
    return StackFile(kind, key, spec["name"], spec)


def _content(
    project: Project, kind: Kind, key: str, body: Mapping[str, Any], read: ReadFile
) -> bytes:
    if body.get("file"):
        return read(body["file"])
    if body.get("environment"):
        variable = body["environment"]
        if variable not in project.environment:
            raise UsageError(
                f'{kind}.{key}.environment: environment variable "{variable}" is not set'
            )
        return project.environment[variable].encode("utf-8", "surrogateescape")
    return str(body.get("content") or "").encode("utf-8", "surrogateescape")
