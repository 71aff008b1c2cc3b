"""Builds: what to build, what is reported meanwhile, what checks find. Plain data, as in ``specs`` and ``records``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Required

from schemas.specs import Labels, Limits, Ulimit
from schemas.typed import NamedTuple, TypedDict


class BuildSecret(TypedDict, total=False):
    """A secret for RUN --mount=type=secret: exactly one of file and text."""

    id: Required[str]
    file: str  # path on this host
    text: str
    variable: str  # the environment variable that the text comes from


class BuildSpec(TypedDict, total=False):
    """An image to build. Paths are absolute."""

    context: Required[str]  # directory, git repository, or address of an archive
    dockerfile: str  # below the context, or absolute; "Dockerfile" when absent
    dockerfile_inline: str
    args: dict[str, str]
    labels: Labels
    tags: list[str]
    target: str
    platforms: list[str]
    no_cache: bool
    no_cache_filter: list[str]  # stages
    pull: bool  # ask the registry for base images although they are here
    network: str  # default, none, host
    extra_hosts: list[str]  # "name=address"
    secrets: list[BuildSecret]
    ssh: dict[str, str]  # id → socket or key file; "" is the person's own agent
    additional_contexts: dict[str, str]  # name → directory, git, docker-image://, oci-layout://
    cache_from: list[dict[str, str]]  # {"type": "registry", "ref": …}, {"type": "local", "src": …}
    cache_to: list[dict[str, str]]  # the same with "dest", "mode"; {"type": "inline"}
    entitlements: list[str]  # network.host, security.insecure
    shm_size: int
    ulimits: dict[str, Ulimit]
    limits: Limits
    cgroup_parent: str


class BuildEvent(NamedTuple):
    """Something a build reports. ``step`` numbers what is reported about, in the order of first mention; 0 is the build."""

    step: int
    kind: Literal["start", "log", "done", "cached", "error", "canceled", "warning", "image"]
    title: str = ""
    data: bytes = b""  # log: output; error: why; warning and image: words
    seconds: float = 0.0


BuildSink = Callable[[BuildEvent], None]


class BuildWarning(NamedTuple):
    """What a build check found."""

    rule: str
    description: str
    url: str
    message: str
    file: str
    start: int  # lines
    end: int
    excerpt: str
