"""What a container is doing, read from what its shim wrote: ``state.json`` while it runs, ``last.json`` afterwards.

A shim lives iff it holds the lock of the runtime directory, so nothing written here can outlive the truth for long.
"""

from __future__ import annotations

import fcntl
import json
import os
from typing import Any, cast

from engine import paths
from engine.kernel import pidfd
from schemas.records import Health, State
from schemas.typed import NamedTuple

# What Docker reports for a container whose end nobody saw (a power cut, a killed daemon).
UNSEEN = 255
# How often a container may begin or end while somebody looks at it.
_LOOKS = 20
ACTIVE = ("running", "paused", "restarting")


class Status(NamedTuple):
    state: State = "created"
    health: Health = ""
    pid: int = 0
    start_time: int = 0  # of pid, in clock ticks since boot
    exit_code: int = 0
    started: float = 0.0
    finished: float = 0.0
    restarts: int = 0
    oom_killed: bool = False
    error: str = ""
    ports: tuple[tuple[str, int, int, str], ...] = ()
    health_log: tuple[dict[str, Any], ...] = ()  # as docker inspect has it
    oom_kills: int = 0  # the control group's count when this run began
    needs_adoption: bool = False  # it runs, but its shim was killed
    needs_cleanup: bool = False  # it ended, but its shim was killed before it could clean up
    stopping: bool = False  # it is made to end for good
    unended: bool = False  # nobody has recorded the end of its last run


def read(id: str) -> Status:
    """The container's status now."""
    for _ in range(_LOOKS):
        found = _look(id)
        if found is not None:
            return found
    return _last(id)


def _look(id: str) -> Status | None:
    """The container's status; None when it began or ended while it was looked at, so that the parts do not fit together."""
    directory = paths.runtime_dir(id)
    now = _load(f"{directory}/state.json")
    if now is None:
        last = _last(id)
        if last.unended and (os.path.exists(f"{directory}/state.json") or _last(id) != last):
            return None
        if os.path.exists(f"{directory}/bundle.json") and not shim_alive(id):
            # Somebody may be starting it this moment: whoever cleans up takes the container's lock first.
            return last._replace(needs_cleanup=True)
        return last
    if shim_alive(id):
        return now
    if now.pid and pidfd.alive(now.pid, now.start_time):
        return now._replace(needs_adoption=True)
    ended = _last(id)
    if _load(f"{directory}/state.json") != now:
        return None
    if ended.finished < now.started or ended.state != "exited":
        ended = now._replace(state="exited", health="", pid=0, exit_code=UNSEEN, ports=())
    ended = ended._replace(stopping=False)
    return ended._replace(needs_cleanup=True)


def shim_alive(id: str) -> bool:
    """Whether somebody holds the container's shim lock."""
    try:
        fd = os.open(f"{paths.runtime_dir(id)}/lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def write(id: str, status: Status) -> None:
    """Show ``status`` as the present one; for the shim alone."""
    _store(paths.runtime_dir(id), "state.json", status)


def write_last(id: str, status: Status) -> None:
    """Keep ``status`` as the one that is true when nothing runs; for the shim, or for who cleans up after it."""
    try:
        _store(paths.container_dir(id), "last.json", status)
    except FileNotFoundError:
        pass  # the container is being removed


def load_state(id: str) -> Status | None:
    """What the shim wrote last, whether it is true now or not."""
    return _load(f"{paths.runtime_dir(id)}/state.json")


def _last(id: str) -> Status:
    found = _load(f"{paths.container_dir(id)}/last.json")
    if found is None:
        return Status()
    if found.state in ACTIVE:
        # Written at its start and never overwritten: the machine, or all of us, went down meanwhile.
        return found._replace(
            state="exited",
            health="",
            pid=0,
            exit_code=UNSEEN,
            ports=(),
            stopping=False,
            unended=True,
        )
    return found._replace(unended=False)


def _load(path: str) -> Status | None:
    try:
        with open(path, "rb") as file:
            found = json.load(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    found["ports"] = tuple(tuple(port) for port in found["ports"])
    found["health_log"] = tuple(found["health_log"])
    return Status(**cast("dict[str, Any]", found))


def _store(directory: str, name: str, status: Status) -> None:
    temporary = f"{directory}/.{name}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, json.dumps(status._asdict(), separators=(",", ":")).encode())
    finally:
        os.close(fd)
    os.rename(temporary, f"{directory}/{name}")
