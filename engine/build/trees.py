"""File trees of stages: stacks of layers, and work on them mounted where nobody else sees it.

A mount namespace belongs to a thread, so work that needs a stack mounted is done in a thread of its own, and the mounts go
with it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TypeVar

from engine.build import rundir
from engine.build.stack import Stack
from engine.kernel import mount, namespaces

T = TypeVar("T")
_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def apart(work: Callable[[Places], T]) -> T:
    """Do ``work`` in a thread whose mounts nobody else sees; raises what it raises."""
    results: list[T] = []
    failures: list[BaseException] = []

    def body() -> None:
        places = Places()
        try:
            namespaces.unshare(namespaces.CLONE_NEWNS)
            mount.mount("", "/", "", mount.MS_PRIVATE | mount.MS_REC)
            results.append(work(places))
        except BaseException as err:  # noqa: BLE001 - raised again by who waits
            failures.append(err)
        finally:
            places.close()

    thread = threading.Thread(target=body, name="build-files")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


class Places:
    """What is mounted in the present thread."""

    def __init__(self) -> None:
        self._mounts: list[str] = []
        self._directories: list[str] = []
        self._fds: list[int] = []

    def read(self, stack: Stack) -> int:
        """The stack, read-only; a descriptor of its root."""
        lowers = stack.lowers()
        if len(lowers) == 1:
            return self._open(lowers[0], _DIRECTORY)
        place = self._place()
        mount.fsopen_overlay(lowers, None, None, place)
        self._mounts.append(place)
        if stack.host:
            self._usr(place, stack, None)
        return self._open(place, _DIRECTORY)

    def write(self, stack: Stack, upper: str, work: str) -> int:
        """The stack with ``upper`` on top, writable; a descriptor of its root."""
        place = self._place()
        mount.fsopen_overlay(stack.lowers(), upper, work, place)
        self._mounts.append(place)
        if stack.host:
            self._usr(place, stack, upper)
        return self._open(place, _DIRECTORY)

    def open(self, path: str) -> int:
        """A directory as it is."""
        return self._open(path, _DIRECTORY)

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)
        for place in reversed(self._mounts):
            mount.umount(place, mount.MNT_DETACH)
        for place in self._directories:
            os.rmdir(place)

    def _usr(self, place: str, stack: Stack, upper: str | None) -> None:
        lowers = stack.usr()
        target = f"{place}/usr"
        if upper is None and len(lowers) == 1:
            mount.mount(lowers[0], target, "", mount.MS_BIND)
        elif upper is None:
            mount.fsopen_overlay(lowers, None, None, target)
        else:
            own, work = host_directories(upper)
            mount.fsopen_overlay(lowers, own, work, target)
        self._mounts.append(target)

    def _place(self) -> str:
        place = rundir.make()
        self._directories.append(place)
        return place

    def _open(self, path: str, flags: int) -> int:
        fd = os.open(path, flags)
        self._fds.append(fd)
        return fd


def host_directories(upper: str) -> tuple[str, str]:
    """Upper and work directory of /usr beside ``upper``, made like the host's."""
    own, work = f"{upper}-usr", f"{upper}-usr-work"
    if not os.path.isdir(own):
        os.mkdir(own, 0o755)
        os.makedirs(work, mode=0o700, exist_ok=True)
    return own, work
