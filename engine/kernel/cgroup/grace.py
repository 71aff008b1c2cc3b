"""Why the first process moved into a control group waits, and how to be spared.

Moving takes the write side of ``cgroup_threadgroup_rwsem``, whose first writer waits for a grace period of RCU, five to
fifteen milliseconds; writers that follow within some ten milliseconds do not wait (include/linux/rcu_sync.h). Somebody who
moves, again and again, to where he is already keeps the way open, at a twentieth of a millisecond each time.
"""

from __future__ import annotations

import os

from engine.kernel.cgroup.base import MOUNT_POINT

# Seconds between two moves.
EVERY = 0.008


def own_file() -> str | None:
    """The ``cgroup.procs`` file of a group that the caller is in; None when there is none to be seen."""
    try:
        with open("/proc/self/cgroup") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, place = line.split(":", 2)
        # Version 2 has no controllers here, and is mounted at the top or, beside version 1, at "unified".
        for top in (controllers, "unified", "") if not controllers else (controllers,):
            path = f"{MOUNT_POINT}/{top}/{place.lstrip('/')}/cgroup.procs".replace("//", "/")
            if os.access(path, os.W_OK):
                return path
    return None


def move(path: str) -> bool:
    """Move the caller to where it is; False when that is not allowed here."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, b"0")
        finally:
            os.close(fd)
    except OSError:
        return False
    return True
