"""Wait for a container to end or to become healthy: by inotify on what its shim writes, never by polling."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine import containers, paths
from engine.kernel.inotify import (
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DELETE,
    IN_DELETE_SELF,
    IN_MOVED_TO,
    Watch,
)
from engine.runtime import launcher
from schemas.errors import NotFound
from schemas.records import ContainerInfo, Exit

# A shim that is killed writes nothing more, so the lock it held is looked at now and then.
LOOK_EVERY = 2.0


def wait(reference: str, *, timeout: float | None = None) -> Exit:
    """Block until the container does not run, nor is about to again; TimeoutError. Removed meanwhile: its last state."""
    info = _until(reference, lambda info: info.state not in containers.ACTIVE, timeout)
    return Exit(info.exit_code, info.finished, info.oom_killed, info.error)


def wait_healthy(reference: str, *, timeout: float | None = None) -> ContainerInfo:
    """Block until health is known or the container has ended; TimeoutError."""
    return _until(
        reference,
        lambda info: (
            info.state not in containers.ACTIVE
            or info.health in ("healthy", "unhealthy")
            or (info.health == "" and info.state == "running")
        ),
        timeout,
    )


def wait_stopped(reference: str) -> None:
    """Block while the container is being stopped."""
    _until(reference, lambda info: not info.stopping, None)


def _until(
    reference: str, done: Callable[[ContainerInfo], bool], timeout: float | None
) -> ContainerInfo:
    deadline = None if timeout is None else time.monotonic() + timeout
    info = containers.get(reference)
    if done(info):
        return info
    id = info.id
    watch = Watch()
    try:
        watch.add(paths.runtime_dir(id), IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF)
        watch.add(paths.container_dir(id), IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF)
        while True:
            # After the watch is set, so that no change falls between.
            launcher.adopt_if_lost(id)
            try:
                info = containers.get(id)
            except NotFound:
                return info._replace(state="exited")
            if done(info):
                return info
            left = LOOK_EVERY if deadline is None else min(LOOK_EVERY, deadline - time.monotonic())
            if left <= 0:
                raise TimeoutError(f"container {info.name} is still {info.health or info.state}")
            watch.wait(left)
    finally:
        watch.close()


def ended(id: str, timeout: float) -> bool:
    """Block until the container does not run; False when it still does after ``timeout``."""
    try:
        wait(id, timeout=timeout)
    except TimeoutError:
        return False
    except NotFound:
        return True
    return True
