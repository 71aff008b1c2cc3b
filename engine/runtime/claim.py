"""The claim of a container's runtime directory: who holds its lock serves the container."""

from __future__ import annotations

import fcntl
import os
import time

from engine import paths
from engine.runtime import status
from engine.runtime.messages import Taken

# How long the shim of the run before may take to be gone, in seconds.
_PREDECESSOR = 5.0


def lock(id: str) -> int:
    """Take the lock; it is held as long as it is open. Taken when another shim lives, or has just left and taken along
    what the command wrote for us."""
    directory = paths.runtime_dir(id)
    deadline = time.monotonic() + _PREDECESSOR
    while True:
        fd = _open(directory, id)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            # The shim before us may be on its way out; one that serves has a state. Who only looks shares the lock.
            serves = status.load_state(id) is not None and status.shim_alive(id)
            if serves or time.monotonic() > deadline:
                raise Taken(f"container {id[:12]} is running already") from None
            time.sleep(0.002)
            continue
        if os.fstat(fd).st_nlink == 0:
            os.close(fd)  # removed by the one before us while we waited
        elif os.path.exists(f"{directory}/bundle.json"):
            return fd
        else:
            os.close(fd)
            raise gone(id)


def gone(id: str) -> Taken:
    """What the command wrote is not there: a start before it, of a killed command, has failed only now."""
    return Taken(f"container {id[:12]}: another start of it came to its end meanwhile")


def _open(directory: str, id: str) -> int:
    try:
        return os.open(f"{directory}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        raise gone(id) from None
