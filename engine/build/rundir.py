"""Directories that builds need while they run, under the runtime directory. Each is named for the process that it belongs
to, so that a later command knows which were left by one that was killed."""

from __future__ import annotations

import os
import signal

from engine import paths
from engine.erase import erase
from engine.runtime import owned

_PROCESS = ".process"  # a file that names a process which ends with the directory


def make(mode: int = 0o700) -> str:
    """A new directory of this process; its path."""
    path = f"{_parent()}/{owned.new_id()}"
    os.makedirs(_parent(), mode=0o711, exist_ok=True)
    os.mkdir(path)
    os.chmod(path, mode)
    return path


def note_process(directory: str, pid: int) -> None:
    """Have the process ``pid`` killed when the directory is found without its owner."""
    from engine.kernel import pidfd

    with open(f"{directory}/{pid}{_PROCESS}", "w", encoding="ascii") as file:
        file.write(str(pidfd.start_time(pid)))


def sweep() -> None:
    """Remove what killed builds left. Cheap when there is nothing."""
    try:
        names = os.listdir(_parent())
    except FileNotFoundError:
        return
    for name in names:
        if not owned.owner_alive(name):
            directory = f"{_parent()}/{name}"
            _end_processes(directory)
            erase(directory)


def _end_processes(directory: str) -> None:
    from engine.kernel import pidfd

    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if not name.endswith(_PROCESS):
            continue
        try:
            with open(f"{directory}/{name}", encoding="ascii") as file:
                pid, start = int(name.removesuffix(_PROCESS)), int(file.read() or 0)
            if pidfd.alive(pid, start):
                os.kill(pid, signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            continue  # ended, or was never begun


def _parent() -> str:
    return f"{paths.run()}/build"
