"""The bundle: all a shim needs to run one container, written as bundle.json; nothing else is read from the database.

Every path on the host is absolute and resolved; every absent or None value means "not asked for".
"""

from __future__ import annotations

import json
import os
from typing import Literal, Required, cast

from engine import paths
from engine.network.endpoint import EndpointPlan
from schemas.specs import Device, FileMount, Healthcheck, Limits, Logging, Port, Restart, Ulimit
from schemas.typed import TypedDict


class Root(TypedDict, total=False):
    """The layers of the container's root."""

    kind: Required[Literal["layers", "host"]]
    lowers: Required[list[str]]  # top first
    upper: Required[str]
    work: Required[str]
    usr_lowers: list[str]  # kind host: what lies above the host's /usr, and that; absent: only that
    usr_upper: str  # kind host: the copy-on-write view of the host's /usr
    usr_work: str
    extra: list[str]  # kind host: more host directories bound read-only at their own place


class BundleMount(TypedDict, total=False):
    """A mount of the container in order; volumes are host paths by now."""

    kind: Required[Literal["bind", "tmpfs", "overlay"]]
    target: Required[str]
    lowers: list[
        str
    ]  # overlay: directories of an image, top first; read-only unless there is an upper one
    upper: str  # overlay
    work: str  # overlay
    source: str  # bind
    below: str  # bind: the part of the source that is meant, wherever its links lead: never outside of the source
    read_only: bool
    propagation: str  # bind; absent: rprivate
    options: list[str]
    size: int  # tmpfs
    mode: int  # tmpfs
    uid: int  # tmpfs
    gid: int  # tmpfs
    owner: str  # bind: whom the content is to belong to; "user": the container's user
    owned: str  # bind: the file that says whom it belongs to since; absent: it is shown so and not changed


class Etc(TypedDict):
    """Texts of the files that the engine manages in /etc."""

    hosts: str
    hostname: str
    resolv_conf: str


class NamespaceModes(TypedDict):
    net: str  # new, host, none, container:<id>
    pid: str  # new, host, container:<id>
    ipc: str  # new, host, container:<id>
    uts: str  # new, host
    cgroup: str  # private, host


class HookCall(TypedDict):
    """A program of the machine that is run while the container is made."""

    path: str
    args: list[str]
    env: list[str]  # "K=V"
    timeout: float  # seconds; 0: without limit


class CgroupPlan(TypedDict):
    name: str
    parent: str | None
    limits: Limits


class DnsOptions(TypedDict, total=False):
    links: dict[str, str]  # further names (lower case) and the container names that they stand for


class DnsPlan(DnsOptions):
    servers: list[str]
    explicit: (
        bool  # the servers were asked for: they are spoken to from inside the container's network
    )
    search: list[str]
    options: list[str]
    internal: bool


class Bundle(TypedDict):
    id: str
    name: str
    hostname: str
    domainname: str
    argv: list[str]
    env: list[str]  # "K=V"
    cwd: str
    user: str  # as asked for; resolved inside the root
    group_add: list[str]
    tty: bool
    stdin_open: bool
    stdin_once: bool
    init: bool
    privileged: bool
    read_only: bool
    root: Root
    mounts: list[BundleMount]
    files: list[FileMount]
    etc: Etc | None
    caps: list[int]
    seccomp: str | None  # path of the compiled filter
    no_new_privs: bool
    sysctls: dict[str, str]
    rlimits: dict[str, Ulimit]
    masked_paths: list[str]
    readonly_paths: list[str]
    devices: list[Device]
    device_rules: list[str]
    shm_size: int | None  # 0: the default; None: no /dev/shm at all
    oom_score_adj: int | None
    namespaces: NamespaceModes
    cgroup: CgroupPlan
    hooks: list[HookCall]
    annotations: dict[str, str]
    labels: dict[str, str]
    image: str
    image_id: str
    restart: Restart | None
    stop_signal: str
    stop_grace_period: float
    auto_remove: bool
    endpoints: list[EndpointPlan]
    ports: list[Port]
    dns: DnsPlan | None
    healthcheck: Healthcheck | None
    logging: Logging


def load(id: str) -> Bundle:
    """The bundle of a container."""
    with open(f"{paths.runtime_dir(id)}/bundle.json", "rb") as file:
        return cast("Bundle", json.load(file))


def save(bundle: Bundle) -> None:
    """Write the bundle anew after a change of networks, for whoever comes after us."""
    directory = paths.runtime_dir(bundle["id"])
    with open(f"{directory}/.bundle", "w") as file:
        json.dump(bundle, file)
    os.rename(f"{directory}/.bundle", f"{directory}/bundle.json")


def load_filter(bundle: Bundle) -> bytes:
    """The compiled system call filter; b"" for a container without one."""
    if not bundle["seccomp"]:
        return b""
    with open(bundle["seccomp"], "rb") as file:
        return file.read()
