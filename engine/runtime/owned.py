"""Ids of containers that no row tells of, because they live and die with one process: the steps of its builds.

The id ends with that process's pid and start time, so whoever finds the container knows whether somebody still waits for it.
"""

from __future__ import annotations

import os

from engine.kernel import pidfd


def new_id() -> str:
    """An id for a container of this process: 64 hexadecimal digits, as all have."""
    pid = os.getpid()
    return f"{os.urandom(20).hex()}{pid:08x}{pidfd.start_time(pid):016x}"


def owner_alive(id: str) -> bool:
    """Whether the id is one of ``new_id`` and the process that made it lives."""
    try:
        pid, start = int(id[40:48], 16), int(id[48:64], 16)
    except ValueError:
        return False
    return 0 < pid < 1 << 22 and pidfd.alive(pid, start)
