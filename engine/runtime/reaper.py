"""How a shim learns that processes have ended: its children by SIGCHLD, an adopted one by its descriptor."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import time
from collections.abc import Callable

from engine.kernel import pidfd
from engine.runtime.loop import Loop

# How long whoever inherited an orphan may take to reap it.
_REAPING = 0.5
_PAUSE = 0.005
_SIGCHLD, _SIGTERM = 17, 15
# What a signal handler of ours may miss while it is not read.
_MOST = 4096


def watch(loop: Loop, ended: Callable[[int, int], None], terminated: Callable[[], None]) -> None:
    """Call ``ended`` with pid and exit code of each child that ends, and ``terminated`` when we are asked to end."""
    wake, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    _signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (_SIGCHLD, _SIGTERM):
        _signal.signal(number, _caught)

    def woken() -> None:
        if _SIGTERM in os.read(wake, _MOST):
            terminated()
        _reap(ended)

    loop.on_read(wake, woken)


def adopted(
    loop: Loop, pid: int, fd: int, start_time: int, ended: Callable[[int | None], None]
) -> None:
    """Call ``ended`` with the exit code of a process that is not our child, when it ends; None when nobody knows it.

    /proc tells the code until it is reaped, the pidfd afterwards (since Linux 6.15).
    """

    def ask(deadline: float) -> None:
        found = pidfd.zombie_status(pid, start_time)
        if found is None:
            found = pidfd.exit_status(fd)
        if found is None and time.monotonic() < deadline:
            loop.after(_PAUSE, lambda: ask(deadline))
        else:
            ended(None if found is None else exit_code(found))

    def over() -> None:
        loop.forget(fd)
        ask(time.monotonic() + _REAPING)

    loop.on_read(fd, over)


def exit_code(wait_status: int) -> int:
    """As a shell says it: 128 and the number of the signal that killed."""
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else 128 - code


def _reap(ended: Callable[[int, int], None]) -> None:
    while True:
        try:
            pid, wait_status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        ended(pid, exit_code(wait_status))


def _caught(number: int, frame: object) -> None:
    """The wakeup descriptor tells; a handler must be there for it to do so."""
