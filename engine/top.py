"""The processes of a container as ``ps -ef`` prints them, and what it uses (proc(5))."""

from __future__ import annotations

import os
import time

from engine.kernel import cgroup
from schemas.records import Process, Stats

_TICKS = os.sysconf("SC_CLK_TCK")
_CONSOLE = os.makedev(5, 1)


def processes(pids: list[int]) -> list[Process]:
    """A row for each process that is still there."""
    boot = _boot_time()
    now = time.time()
    found = [_process(pid, boot, now) for pid in pids]
    return [each for each in found if each is not None]


def members(id: str, parent: str | None) -> list[int]:
    return group(id, parent).processes()


def group(id: str, parent: str | None) -> cgroup.Cgroup:
    """The container's control group."""
    return cgroup.open_cgroup(f"pycompose/{id}", parent=parent)


def stats(id: str, pid: int, parent: str | None) -> Stats:
    """Use of the container now; ``pid`` is its init, whose network is counted."""
    received, sent = _network(pid)
    used = group(id, parent).stats()
    limit = used.memory_limit
    total = _memory_total()
    return used._replace(
        memory_limit=min(limit, total) if limit > 0 else total,
        network_received=received,
        network_sent=sent,
        time=time.time(),
    )


def _process(pid: int, boot: float, now: float) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read()
        uid = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
    name = line[line.find(b"(") + 1 : line.rfind(b")")].decode(errors="replace")
    # From the state on: field 3 of proc(5) is fields[0] here.
    fields = line[line.rfind(b")") + 2 :].split()
    parent, terminal = int(fields[1]), int(fields[4])
    ticks = int(fields[11]) + int(fields[12])
    started = boot + int(fields[19]) / _TICKS
    seconds = ticks // _TICKS
    share = int(100 * ticks / _TICKS / max(now - started, 0.01))
    text = command.replace(b"\0", b" ").decode(errors="replace").strip() or f"[{name}]"
    return Process(
        _user(uid),
        pid,
        parent,
        str(min(share, 99)),
        _start(started, now),
        _terminal(terminal),
        f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
        text,
    )


def _user(uid: int) -> str:
    """The host's name for the user, as ps there says it."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _start(started: float, now: float) -> str:
    """The time of day, for a process of an earlier day the date."""
    then = time.localtime(started)
    if now - started < 86400:
        return time.strftime("%H:%M", then)
    return time.strftime("%b%d", then)


def _terminal(device: int) -> str:
    """Unix98 terminals have majors 136 to 143 (Linux devices.txt)."""
    if device == _CONSOLE:
        return "console"
    major, minor = os.major(device), os.minor(device)
    return f"pts/{(major - 136) * 256 + minor}" if 136 <= major < 144 else "?"


def _boot_time() -> float:
    with open("/proc/stat") as file:
        for line in file:
            if line.startswith("btime "):
                return float(line.split()[1])
    return 0.0


def _memory_total() -> int:
    with open("/proc/meminfo") as file:
        return int(file.readline().split()[1]) * 1024


def _network(pid: int) -> tuple[int, int]:
    """Bytes received and sent by all interfaces but lo of the network namespace of ``pid``."""
    received = sent = 0
    try:
        with open(f"/proc/{pid}/net/dev") as file:
            lines = file.readlines()[2:]
    except OSError:
        return 0, 0
    for line in lines:
        name, _, counters = line.partition(":")
        if name.strip() != "lo":
            numbers = counters.split()
            received += int(numbers[0])
            sent += int(numbers[8])
    return received, sent
