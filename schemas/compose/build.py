"""``services.*.build``."""

from __future__ import annotations

from schemas.compose.scalars import (
    FlagOrText,
    Hosts,
    IntOrText,
    ListOrMapping,
    NumberOrText,
    Section,
)


class Mount(Section):
    """A secret or config granted to a service or a build."""

    source: str | None = None
    target: str | None = None
    uid: str | None = None
    gid: str | None = None
    mode: NumberOrText | None = None


class SoftHard(Section):
    """A limit with both its values."""

    soft: IntOrText
    hard: IntOrText


Ulimits = dict[str, IntOrText | SoftHard]


class Build(Section):
    """How the service's image is built."""

    context: str | None = None
    dockerfile: str | None = None
    dockerfile_inline: str | None = None
    entitlements: list[str] | None = None
    args: ListOrMapping | None = None
    provenance: FlagOrText | None = None
    sbom: FlagOrText | None = None
    ssh: ListOrMapping | None = None
    labels: ListOrMapping | None = None
    cache_from: list[str] | None = None
    cache_to: list[str] | None = None
    no_cache: FlagOrText | None = None
    no_cache_filter: str | list[str] | None = None
    additional_contexts: ListOrMapping | None = None
    network: str | None = None
    pull: FlagOrText | None = None
    target: str | None = None
    shm_size: IntOrText | None = None
    extra_hosts: Hosts | None = None
    isolation: str | None = None
    privileged: FlagOrText | None = None
    secrets: list[str | Mount] | None = None
    tags: list[str] | None = None
    ulimits: Ulimits | None = None
    platforms: list[str] | None = None
