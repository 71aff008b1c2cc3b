"""Which control groups this machine has, and how to open one."""

from __future__ import annotations

import functools
import os
from typing import Literal

from engine.kernel.cgroup.group import Cgroup
from engine.kernel.cgroup.v1 import CgroupV1
from engine.kernel.cgroup.v2 import CgroupV2

Kind = Literal["v1", "hybrid", "v2", "none"]

MOUNT_POINT = "/sys/fs/cgroup"


@functools.cache
def detect() -> Kind:
    """Version 2 alone, version 1 alone, version 1 with a version 2 tree beside it, or nothing mounted.

    Looked at once in a process's life, and its children's.
    """
    if os.path.exists(f"{MOUNT_POINT}/cgroup.controllers"):
        return "v2"
    found = hierarchies()
    if not found:
        return "none"
    return "hybrid" if "unified" in found else "v1"


@functools.cache
def hierarchies() -> dict[str, str]:
    """Version 1 hierarchies by the name of their directory ("cpu,cpuacct"), "unified" among them when it is there."""
    found = {}
    try:
        names = sorted(os.listdir(MOUNT_POINT))
    except FileNotFoundError:
        return {}
    for name in names:
        path = f"{MOUNT_POINT}/{name}"
        # "cpu" may be a link to "cpu,cpuacct", and a directory without the file is not mounted.
        if not os.path.islink(path) and os.path.exists(f"{path}/cgroup.procs"):
            found[name] = path
    return found


def open_cgroup(name: str, *, parent: str | None = None) -> Cgroup:
    """The cgroup ``name`` ("pycompose/<id>"), which need not exist; with ``parent`` it lies below that one instead."""
    place = name if not parent else f"{parent.strip('/')}/{os.path.basename(name)}"
    if detect() == "v2":
        return CgroupV2({"unified": MOUNT_POINT}, place)
    return CgroupV1(hierarchies(), place)
