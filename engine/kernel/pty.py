"""Pseudo-terminals from any devpts instance (pty(7), ioctl_tty(2))."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from schemas.errors import SyscallError

_TIOCSPTLCK = 0x40045431
_TIOCGPTN = 0x80045430
_TIOCGPTPEER = 0x5441


def open_pty(devpts_dir: str | None) -> tuple[int, str]:
    """A new pair: the master's descriptor and the slave's path below ``devpts_dir`` (None: /dev/pts).

    Both are meant as seen by the caller's mount namespace.
    """
    directory = devpts_dir or "/dev/pts"
    path = f"{directory}/ptmx"
    try:
        master = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as err:
        raise SyscallError("open", path, err.errno or 0) from err
    try:
        fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("i", 0))
        (index,) = struct.unpack("i", fcntl.ioctl(master, _TIOCGPTN, struct.pack("i", 0)))
    except OSError as err:
        os.close(master)
        raise SyscallError("ioctl", path, err.errno or 0) from err
    return master, f"{directory}/{index}"


def open_peer(master: int) -> int:
    """The slave's descriptor, whatever the mount namespace shows."""
    try:
        return fcntl.ioctl(master, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as err:
        raise SyscallError("ioctl", f"{master}, TIOCGPTPEER", err.errno or 0) from err


def set_size(fd: int, rows: int, cols: int) -> None:
    """Set the window size; the foreground process group gets SIGWINCH."""
    try:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
    except OSError as err:
        raise SyscallError("ioctl", f"{fd}, TIOCSWINSZ", err.errno or 0) from err


def make_controlling(fd: int) -> None:
    """Make ``fd`` the controlling terminal; the caller must be a session leader (setsid(2)) without one."""
    try:
        fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
    except OSError as err:
        raise SyscallError("ioctl", f"{fd}, TIOCSCTTY", err.errno or 0) from err
