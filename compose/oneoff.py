"""The container of ``run``: a service's spec with what the command line changes. Pure but for the random name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from compose.desired import Desired, container_spec
from compose.translate import mounts, network
from schemas import labels
from schemas.errors import UsageError
from schemas.specs import ContainerSpec, Endpoint
from schemas.typed import NamedTuple


class RunOptions(NamedTuple):
    """``ports`` and ``volumes`` in the long form of the canonical tree; ``environment`` and ``labels`` add to the file's.
    ``command`` empty: the service's own, unless there is an ``entrypoint``."""

    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    name: str = ""
    environment: Mapping[str, str | None] = {}
    labels: Mapping[str, str] = {}
    user: str = ""
    working_dir: str = ""
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    ports: tuple[Mapping[str, Any], ...] = ()
    volumes: tuple[Mapping[str, Any], ...] = ()
    service_ports: bool = False
    use_aliases: bool = False
    tty: bool = False
    stdin: bool = False
    auto_remove: bool = False


def run_spec(
    desired: Desired,
    name: str,
    options: RunOptions,
    containers: Mapping[str, Sequence[str]] = {},
    *,
    slug: str = "",
) -> ContainerSpec:
    """The spec of a one-off container of a service; ``slug`` is random unless given. UsageError for an unknown service."""
    if name not in desired.services:
        raise UsageError(f"no such service: {name}")
    slug = slug or os.urandom(32).hex()
    spec = container_spec(desired, name, 1, containers)
    own = spec["name"]
    spec["name"] = options.name or desired.separator.join((desired.project, name, "run", slug[:12]))
    spec["labels"] = {
        **spec["labels"],
        **options.labels,
        labels.SLUG: slug,
        labels.ONEOFF: "True",
    }
    _program(spec, options)
    _identity(spec, options)
    _connections(spec, options, own, name)
    links = [
        f"{other}:{alias}"
        for other in containers.get(name, ())
        for alias in (name, other.removeprefix(desired.project + desired.separator), other)
    ]
    if links:
        spec["links"] = [*(spec.get("links") or []), *links]
    if options.volumes:
        spec["mounts"] = (spec.get("mounts") or []) + [
            mounts.volume_mount(volume, _sources(desired), ("--volume",))
            for volume in options.volumes
        ]
    return spec


def _program(spec: ContainerSpec, options: RunOptions) -> None:
    if options.entrypoint is not None:
        spec["entrypoint"] = list(options.entrypoint)
        spec.pop("command", None)
    if options.command:
        spec["command"] = list(options.command)
    spec["tty"] = options.tty
    spec["stdin_open"] = options.stdin
    spec["stdin_once"] = options.stdin
    spec.pop("restart", None)
    if options.auto_remove:
        spec["auto_remove"] = True


def _identity(spec: ContainerSpec, options: RunOptions) -> None:
    if options.environment:
        spec["environment"] = {**(spec.get("environment") or {}), **options.environment}
    if options.user:
        spec["user"] = options.user
    if options.working_dir:
        spec["working_dir"] = options.working_dir
    for added, taken, names in (
        ("cap_add", "cap_drop", options.cap_add),
        ("cap_drop", "cap_add", options.cap_drop),
    ):
        if names:
            have: list[str] = spec.get(added) or []  # type: ignore[assignment]
            other: list[str] = spec.get(taken) or []  # type: ignore[assignment]
            spec[added] = [*have, *names]  # type: ignore[literal-required]
            spec[taken] = [each for each in other if each not in names]  # type: ignore[literal-required]


def _connections(spec: ContainerSpec, options: RunOptions, own: str, service: str) -> None:
    """Ports only when asked for, and no name of the service on the networks unless asked for: requests are not for it."""
    ports = spec.get("ports") or [] if options.service_ports else []
    spec["ports"] = [*ports, *(network.port(port) for port in options.ports)]
    places: list[Endpoint] = []
    for place in spec.get("endpoints") or []:
        aliases = [alias for alias in place.get("aliases") or [] if alias not in (own, service)]
        kept = [service, *aliases] if options.use_aliases else []
        places.append({**place, "aliases": [spec["name"], *kept]})
    if places:
        spec["endpoints"] = places


def _sources(desired: Desired) -> dict[str, dict[str, str]]:
    """The names of the project's volumes, as the translation of mounts wants them."""
    return {key: {"name": volume.name} for key, volume in desired.volumes.items()}
