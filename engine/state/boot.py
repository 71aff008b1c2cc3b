"""Which boot of the machine this is."""

from __future__ import annotations

import functools


@functools.cache
def id() -> str:
    """Another one after each start of the machine (random(4))."""
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def started() -> float:
    """When that was, in epoch seconds (proc(5), btime)."""
    with open("/proc/stat") as file:
        return next(float(line.split()[1]) for line in file if line.startswith("btime "))
