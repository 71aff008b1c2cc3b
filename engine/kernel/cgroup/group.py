"""What control groups of both versions have in common: directories, members, an end."""

from __future__ import annotations

import errno
import os
import signal
import time

from engine.kernel.cgroup.devices import Rule
from engine.kernel.cgroup.oomwatch import OomWatch
from schemas.errors import Failed, Unsupported
from schemas.records import Stats
from schemas.specs import Limits
from schemas.typed import NamedTuple

_PATIENCE = 2.0  # seconds that the last process may take to be gone
_PAUSE = 0.002


class Setting(NamedTuple):
    """A value to write. ``key`` is the limit that asked for it; an empty one makes the setting optional."""

    controller: str
    file: str
    value: str
    key: str
    instead: tuple[str, str] | None = (
        None  # file and value where the kernel has ``file`` under another name
    )


class Cgroup:
    """One control group, in every hierarchy there is. Nothing is held open; absent directories are no error."""

    def __init__(self, tops: dict[str, str], place: str) -> None:
        self.place = place.strip("/")
        self._tops = tops

    def directories(self) -> dict[str, str]:
        """Hierarchy name → this cgroup's directory there, whether it exists or not."""
        return {name: f"{top}/{self.place}" for name, top in self._tops.items()}

    def create(self, limits: Limits) -> None:
        """Make the directories and set ``limits``; Unsupported names a limit that the machine cannot keep."""
        raise NotImplementedError

    def update(self, limits: Limits) -> None:
        """Change the limits named and leave the others."""
        raise NotImplementedError

    def set_devices(self, rules: list[Rule]) -> None:
        """Allow exactly the devices that ``rules`` name."""
        raise NotImplementedError

    def freeze(self) -> None:
        """Stop all processes; returns when they are stopped."""
        raise NotImplementedError

    def thaw(self) -> None:
        """Let them go on."""
        raise NotImplementedError

    def stats(self) -> Stats:
        """Use of cpu, memory, disk and pids now; the network counters are zero."""
        raise NotImplementedError

    def oom_kills(self) -> int:
        """How many processes the kernel killed for lack of memory."""
        raise NotImplementedError

    def oom_watch(self) -> OomWatch | None:
        """Something that tells of every such kill; None where nothing does."""
        raise NotImplementedError

    def exists(self) -> bool:
        """Whether any of the directories is there."""
        return any(os.path.isdir(path) for path in self.directories().values())

    def join(self, pid: int) -> None:
        """Move a process in (0: the caller)."""
        for path in self.directories().values():
            try:
                write(f"{path}/cgroup.procs", str(pid))
            except FileNotFoundError:
                continue
            except OSError as err:
                raise Failed(
                    f"cgroup {path}: process {pid}: {os.strerror(err.errno or 0)}"
                ) from err

    def leave(self, pid: int) -> None:
        """Move a process to the top of every hierarchy."""
        for path in self._tops.values():
            try:
                write(f"{path}/cgroup.procs", str(pid))
            except OSError:  # not allowed there: it stays, and its end will free the cgroup
                continue

    def processes(self) -> list[int]:
        """The members, those of cgroups below included."""
        for path in self.directories().values():
            if os.path.isdir(path):
                return sorted({pid for below in _tree(path) for pid in _members(below)})
        return []

    def kill(self) -> None:
        """Send SIGKILL to every member, without leaving one that forks meanwhile."""
        for path in self.directories().values():
            try:
                write(f"{path}/cgroup.kill", "1")
            except FileNotFoundError:
                continue
            return
        self._kill_each()

    def remove(self) -> None:
        """Remove the directories; waits a moment for members on their way out. Absent is no error."""
        deadline = time.monotonic() + _PATIENCE
        for path in self.directories().values():
            for below in reversed(_tree(path)):
                _rmdir(below, deadline)
            self._remove_parents(path)

    def _kill_each(self) -> None:
        """Kill by hand (before Linux 5.14): freezing first keeps them from forking on."""
        try:
            self.freeze()
        except (OSError, Failed, Unsupported):
            pass
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            self.thaw()
        except (OSError, Unsupported):
            pass

    def _remove_parents(self, path: str) -> None:
        # The parents were made on demand, so the last one out removes them; a busy one is still wanted.
        for _ in range(self.place.count("/")):
            path = os.path.dirname(path)
            try:
                os.rmdir(path)
            except OSError:
                return


def read(path: str) -> str:
    """The text of a control file."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, 65536):
            parts.append(part)
    finally:
        os.close(fd)
    return b"".join(parts).decode()


def write(path: str, value: str) -> None:
    """Write a control file in one piece, as the kernel wants it."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def make(path: str) -> None:
    """Make a directory and its parents; safe against a neighbour that removes an empty parent meanwhile."""
    for _ in range(100):
        try:
            os.mkdir(path)
        except FileExistsError:
            return
        except FileNotFoundError:
            make(os.path.dirname(path))
            continue
        return
    raise Failed(f"cgroup {path}: its parent keeps disappearing")


def keyed(text: str) -> dict[str, int]:
    """A flat keyed file ("name number" a line)."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def host_memory() -> int:
    """Bytes of memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def apply(directory_of: dict[str, str], settings: list[Setting]) -> None:
    """Write ``settings``; Unsupported when an asked one has no controller or file, Failed when it is refused."""
    for setting in settings:
        directory = directory_of.get(setting.controller)
        path, value = f"{directory}/{setting.file}", setting.value
        if setting.instead is not None and not os.path.exists(path):
            path, value = f"{directory}/{setting.instead[0]}", setting.instead[1]
        if directory is None or not os.path.exists(path):
            if setting.key:
                raise Unsupported(
                    f"{setting.key}: this machine has no cgroup file {setting.file}",
                    hint="pycompose doctor lists the controllers",
                )
            continue
        try:
            write(path, value)
        except OSError as err:
            if setting.key:
                reason = os.strerror(err.errno or 0)
                message = f"{setting.key}: cgroup {os.path.basename(path)}={value}: {reason}"
                raise Failed(message) from err


def _members(path: str) -> list[int]:
    try:
        return [int(pid) for pid in read(f"{path}/cgroup.procs").split()]
    except (FileNotFoundError, OSError):
        return []


def _tree(path: str) -> list[str]:
    """``path`` and all directories below, parents first; empty when it is absent."""
    found = [path]
    try:
        with os.scandir(path) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    for directory in below:
        found += _tree(directory)
    return found


def _rmdir(path: str, deadline: float) -> None:
    while True:
        try:
            os.rmdir(path)
        except FileNotFoundError:
            return
        except OSError as err:
            if err.errno != errno.EBUSY:
                raise Failed(f"cgroup {path}: {os.strerror(err.errno or 0)}") from err
            if time.monotonic() > deadline:
                raise Failed(f"cgroup {path} still holds processes {_members(path)}") from err
            time.sleep(_PAUSE)
            continue
        return
