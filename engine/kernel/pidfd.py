"""Processes without the race of reused pids (pidfd_open(2), proc(5))."""

from __future__ import annotations

import os
import signal
import struct

from schemas.errors import SyscallError

# _IOWR(0xFF, 11, struct pidfd_info) with the structure's first published size of 64 bytes (include/uapi/linux/pidfd.h).
_PIDFD_GET_INFO = 0xC040FF0B
_PIDFD_INFO_EXIT = 1 << 3
_EXIT_CODE_OFFSET = 60
_START_TIME_FIELD = 22
_EXIT_STATUS_FIELD = 52


def pidfd_open(pid: int) -> int:
    """A descriptor of the process; SyscallError with ESRCH when it is gone."""
    try:
        return os.pidfd_open(pid)
    except OSError as err:
        raise SyscallError("pidfd_open", str(pid), err.errno or 0) from err


def pidfd_send_signal(fd: int, sig: int) -> bool:
    """Send ``sig``; False when the process is gone already."""
    try:
        signal.pidfd_send_signal(fd, sig)
    except ProcessLookupError:
        return False
    except OSError as err:
        raise SyscallError("pidfd_send_signal", f"{fd}, {sig}", err.errno or 0) from err
    return True


def start_time(pid: int) -> int:
    """When the process started, in clock ticks since boot (field 22 of its stat file); 0 when it is gone or dead."""
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        line = os.read(fd, 4096)
    except OSError:  # ESRCH: it ended between open and read
        return 0
    finally:
        os.close(fd)
    # The command name (field 2) may hold blanks and brackets: count from its last bracket.
    fields = line[line.rfind(b")") + 2 :].split()
    if not fields or fields[0] in (b"Z", b"X"):
        return 0
    return int(fields[_START_TIME_FIELD - 3])


def zombie_status(pid: int, start_time: int) -> int | None:
    """The wait status of a process that has ended and was not reaped yet (field 52 of its stat file); None otherwise."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
    except OSError:
        return None
    fields = line[line.rfind(b")") + 2 :].split()
    if not fields or fields[0] != b"Z" or int(fields[_START_TIME_FIELD - 3]) != start_time:
        return None
    return int(fields[_EXIT_STATUS_FIELD - 3])


def alive(pid: int, start_time: int) -> bool:
    """Whether the process that started at ``start_time`` runs still (a zombie does not)."""
    return start_time != 0 and _start_time(pid) == start_time


def exit_status(pidfd: int) -> int | None:
    """The wait status of a process that somebody has reaped; None when the kernel cannot tell (before 6.15, or a zombie)."""
    import fcntl

    info = bytearray(struct.pack("Q", _PIDFD_INFO_EXIT).ljust(64, b"\0"))
    try:
        fcntl.ioctl(pidfd, _PIDFD_GET_INFO, info)
    except OSError:
        return None
    (mask,) = struct.unpack_from("Q", info)
    if not mask & _PIDFD_INFO_EXIT:
        return None
    status: int = struct.unpack_from("i", info, _EXIT_CODE_OFFSET)[0]
    return status


_start_time = start_time
