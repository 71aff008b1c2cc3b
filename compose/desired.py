"""``Project`` → ``Desired``: everything that must exist, in the engine's words, with the hashes that decide what is made
anew. Pure, and plain JSON all through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compose.graph import Dependency, Node, node, wanted, write_label
from compose.hashing import hash_service, network_hash, volume_hash, write_digests
from compose.project import Project
from compose.translate import hooks, mounts, network, service
from compose.version import VERSION
from schemas import labels
from schemas.errors import UsageError
from schemas.records import ImageInfo
from schemas.specs import ContainerSpec, Endpoint, NetworkSpec, VolumeSpec
from schemas.typed import NamedTuple


class DesiredService(NamedTuple):
    """A service. ``spec`` lacks what belongs to one container: name, number, its own names on the networks, links, and
    names of the containers whose namespaces it shares (still ``service:x``)."""

    name: str
    scale: int
    spec: ContainerSpec
    config_hash: str
    config_parts: dict[str, str]  # digest by attribute
    contents: dict[str, str]  # digest by secret or config: "configs/nginx"
    image_id: str  # "" when the image is not here
    depends_on: tuple[Dependency, ...] = ()
    container_name: str = ""
    links: tuple[str, ...] = ()
    volumes_from: tuple[str, ...] = ()


class DesiredNetwork(NamedTuple):
    name: str
    spec: NetworkSpec
    hash: str
    external: bool = False


class DesiredVolume(NamedTuple):
    name: str
    spec: VolumeSpec
    hash: str
    external: bool = False


class Desired(NamedTuple):
    """``disabled``: services that exist in the files but are not wanted now; their containers are no orphans."""

    project: str
    services: dict[str, DesiredService]
    networks: dict[str, DesiredNetwork]
    volumes: dict[str, DesiredVolume]
    disabled: tuple[str, ...] = ()
    separator: str = "-"
    warnings: tuple[str, ...] = ()


def desire(
    project: Project,
    *,
    images: Mapping[str, ImageInfo],
    scale: Mapping[str, int] = {},
    services: tuple[str, ...] = (),
    no_deps: bool = False,
    separator: str = "-",
    digests: Mapping[str, str] = {},
) -> Desired:
    """What the project wants: the named ``services`` and what they depend on; all without names.

    ``images`` by reference as in the file, ``digests`` of the files of secrets and configs by path (where one is missing,
    a change of its content is not noticed). ``separator`` "_" gives the names of the compatibility mode. Raises
    translate.refusal.KeyUnsupported for a key that is not honoured, UsageError for an impossible wish.
    """
    chosen = wanted(project, services, no_deps=no_deps)
    for name in scale:
        if name not in project.services:
            raise UsageError(f"no such service: {name}")
    warnings: list[str] = []
    networks = _networks(project)
    volumes = _volumes(project)
    around = _surroundings(project, networks, digests, warnings)
    common = _common_labels(project)
    found: dict[str, DesiredService] = {}
    used: set[str] = set()
    stored: set[str] = set()
    for name, body in project.services.items():
        if name in chosen:
            about = node(project.name, name, body)
            found[name] = _service(name, body, about, common, images, around, chosen)
            if name in scale:
                found[name] = found[name]._replace(scale=scale[name])
            _check_scale(found[name])
            used.update(about.networks)
            stored.update(about.volumes)
    return Desired(
        project.name,
        found,
        {key: networks[key] for key in networks if key in used},
        {key: volumes[key] for key in volumes if key in stored},
        tuple([name for name in project.services if name not in chosen] + sorted(project.disabled)),
        separator,
        tuple(dict.fromkeys(warnings)),
    )


def _surroundings(
    project: Project,
    networks: Mapping[str, DesiredNetwork],
    digests: Mapping[str, str],
    warnings: list[str],
) -> service.Surroundings:
    return service.Surroundings(
        {key: found.name for key, found in networks.items()},
        frozenset(key for key, found in networks.items() if found.external),
        project.named("volumes"),
        mounts.Files(
            {"secrets": project.section("secrets"), "configs": project.section("configs")},
            project.environment,
            digests,
        ),
        warnings,
    )


def container_name(desired: Desired, name: str, number: int) -> str:
    """The name of a service's container."""
    wanted = desired.services[name].container_name
    return wanted or desired.separator.join((desired.project, name, str(number)))


def container_spec(
    desired: Desired, name: str, number: int, containers: Mapping[str, Sequence[str]] = {}
) -> ContainerSpec:
    """The spec of container ``number`` of a service, complete. ``containers``: the names of other services' containers,
    where they are not those that the numbers give."""
    wanted = desired.services[name]
    own = container_name(desired, name, number)
    spec: ContainerSpec = {**wanted.spec, "name": own}
    spec["labels"] = {
        **wanted.spec["labels"],
        labels.CONFIG_PARTS: write_digests(wanted.config_parts),
        labels.NUMBER: str(number),
    }
    if wanted.contents:
        spec["labels"][labels.CONTENT_DIGESTS] = write_digests(wanted.contents)
    if "endpoints" in spec:
        spec["endpoints"] = [with_aliases(place, [own, name]) for place in spec["endpoints"]]
    for key in ("network_mode", "ipc", "pid"):
        mode = spec.get(key)
        if isinstance(mode, str) and mode.startswith("service:"):
            first = _names(desired, mode.removeprefix("service:"), containers)[0]
            spec[key] = f"container:{first}"
    links = resolve_links(desired, wanted, number, containers)
    if links:
        spec["links"] = links + (spec.get("links") or [])
    return spec


def with_aliases(place: Endpoint, names: list[str]) -> Endpoint:
    """A place on a network with further names in front of those of the file."""
    return {**place, "aliases": list(dict.fromkeys(names + (place.get("aliases") or [])))}


def resolve_links(
    desired: Desired, wanted: DesiredService, number: int, containers: Mapping[str, Sequence[str]]
) -> list[str]:
    """``links`` as "container:alias", with the aliases that Docker Compose gives."""
    found = []
    for link in wanted.links:
        target, _, alias = link.partition(":")
        for name in _names(desired, target, containers):
            found += [
                f"{name}:{alias or target}",
                f"{name}:{desired.separator.join((target, str(number)))}",
                f"{name}:{desired.separator.join((desired.project, target, str(number)))}",
            ]
    return list(dict.fromkeys(found))


def parents(wanted: DesiredService) -> dict[str, str]:
    """The services whose containers a service is built on, each with the words that say how."""
    found: dict[str, str] = {}
    spec = wanted.spec
    for mode, words in (
        (spec.get("network_mode") or "", "network"),
        (spec.get("ipc") or "", "IPC namespace"),
        (spec.get("pid") or "", "processes"),
    ):
        if mode.startswith("service:"):
            found.setdefault(mode.removeprefix("service:"), words)
    for source in wanted.volumes_from:
        if not source.startswith("container:"):
            found.setdefault(source.partition(":")[0], "volumes")
    return found


def _names(desired: Desired, name: str, containers: Mapping[str, Sequence[str]]) -> Sequence[str]:
    found = containers.get(name)
    if found:
        return found
    if name not in desired.services:
        return [desired.separator.join((desired.project, name, "1"))]
    count = max(desired.services[name].scale, 1)
    return [container_name(desired, name, number) for number in range(1, count + 1)]


def _service(
    name: str,
    body: Mapping[str, Any],
    about: Node,
    common: dict[str, str],
    images: Mapping[str, ImageInfo],
    around: service.Surroundings,
    chosen: frozenset[str],
) -> DesiredService:
    spec = service.container_spec(body, ("services", name), around)
    spec["image"] = about.image
    image = images.get(about.image)
    image_id = image.id if image else ""
    hashes = hash_service(body)
    # What is not wanted now (--no-deps, a profile that is off) is not waited for.
    depends_on = tuple(each for each in about.depends_on if each.service in chosen)
    spec["labels"] = {
        **(spec.get("labels") or {}),
        **common,
        labels.SERVICE: name,
        labels.CONFIG_HASH: hashes.hash,
        labels.DEPENDS_ON: write_label(depends_on),
        labels.IMAGE: image_id,
    }
    hooks.mark(spec)
    return DesiredService(
        name,
        about.scale,
        spec,
        hashes.hash,
        hashes.parts,
        _contents(body, spec, around.files),
        image_id,
        depends_on,
        body.get("container_name") or "",
        tuple(body.get("links") or ()),
        tuple(body.get("volumes_from") or ()),
    )


def _contents(body: Mapping[str, Any], spec: ContainerSpec, files: mounts.Files) -> dict[str, str]:
    """Digests of what the secrets and configs hold, by section and source; those that are not known left out."""
    sources = [
        f"{section}/{grant['source']}"
        for section in ("configs", "secrets")
        for grant in body.get(section) or ()
    ]
    found = {
        source: mounts.file_digest(file, files.digests)
        for source, file in zip(sources, spec.get("files") or (), strict=True)
    }
    return {source: digest for source, digest in found.items() if digest}


def _check_scale(wanted: DesiredService) -> None:
    if wanted.scale < 0:
        raise UsageError(f"services.{wanted.name}.scale: must be greater than or equal to 0")
    if wanted.scale > 1 and wanted.container_name:
        raise UsageError(
            f'The "{wanted.name}" service is using the custom container name "{wanted.container_name}". Docker requires'
            " each container to have a unique name. Remove the custom name to scale the service"
        )


def _common_labels(project: Project) -> dict[str, str]:
    found = {
        labels.PROJECT: project.name,
        labels.VERSION: VERSION,
        labels.WORKING_DIR: project.working_dir,
        labels.CONFIG_FILES: ",".join(project.files),
        labels.ONEOFF: "False",
    }
    # The .env that is read without being asked for is not worth a label to Docker Compose.
    if project.env_files and project.env_files != (f"{project.working_dir}/.env",):
        found[labels.ENVIRONMENT_FILE] = ",".join(project.env_files)
    return found


def _networks(project: Project) -> dict[str, DesiredNetwork]:
    found = {}
    for key, body in project.named("networks").items():
        name = body["name"]
        external = bool(body.get("external"))
        digest = "" if external else network_hash(body)
        spec: NetworkSpec = {"name": name}
        if not external:
            own = _resource_labels(project, labels.NETWORK, key, digest)
            spec = network.network_spec(body, name, own, ("networks", key))
        found[key] = DesiredNetwork(name, spec, digest, external)
    return found


def _volumes(project: Project) -> dict[str, DesiredVolume]:
    found = {}
    for key, body in project.named("volumes").items():
        name = body["name"]
        external = bool(body.get("external"))
        digest = "" if external else volume_hash(body)
        spec: VolumeSpec = {"name": name}
        if not external:
            own = _resource_labels(project, labels.VOLUME, key, digest)
            spec = network.volume_spec(body, name, own)
        found[key] = DesiredVolume(name, spec, digest, external)
    return found


def _resource_labels(project: Project, kind: str, key: str, digest: str) -> dict[str, str]:
    return {
        kind: key,
        labels.PROJECT: project.name,
        labels.VERSION: VERSION,
        labels.CONFIG_HASH: digest,
    }
