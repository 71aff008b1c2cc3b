"""Be told when the kernel kills in a control group for lack of memory (memory.rst, "OOM Control"; cgroup-v2.rst)."""

from __future__ import annotations

import os

from schemas.typed import Protocol


class OomWatch(Protocol):
    """A descriptor that becomes readable with every lack of memory; the counter may follow a moment later."""

    def fileno(self) -> int: ...
    def drain(self) -> None: ...
    def close(self) -> None: ...


class EventWatch:
    """Version 1: an eventfd that the control group writes to."""

    def __init__(self, directory: str) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            control = os.open(f"{directory}/memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
            try:
                _write(f"{directory}/cgroup.event_control", f"{self._fd} {control}")
            finally:
                os.close(control)
        except BaseException:
            os.close(self._fd)
            raise

    def fileno(self) -> int:
        return self._fd

    def drain(self) -> None:
        """Forget what has happened so far."""
        try:
            os.eventfd_read(self._fd)
        except BlockingIOError:
            pass

    def close(self) -> None:
        os.close(self._fd)


def _write(path: str, value: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)
