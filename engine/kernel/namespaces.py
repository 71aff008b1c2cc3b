"""Namespaces: make, enter, leave (namespaces(7), clone(2), setns(2))."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from engine.kernel import libc
from schemas.errors import SyscallError

CLONE_NEWTIME = 0x00000080
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

# The file below /proc/<pid>/ns that stands for each kind.
FILES = {
    CLONE_NEWNS: "mnt",
    CLONE_NEWCGROUP: "cgroup",
    CLONE_NEWUTS: "uts",
    CLONE_NEWIPC: "ipc",
    CLONE_NEWUSER: "user",
    CLONE_NEWPID: "pid",
    CLONE_NEWNET: "net",
    CLONE_NEWTIME: "time",
}


_SIGCHLD = int(signal.SIGCHLD)
_clone = libc.prepared("clone")


def unshare(flags: int) -> None:
    """Put the calling thread into new namespaces (a new pid namespace: its next child)."""
    libc.invoke("unshare", flags, about=_words(flags))


def setns(fd: int, nstype: int) -> None:
    """Put the calling thread into the namespace ``fd`` stands for; 0 accepts any kind.

    With a pidfd, ``nstype`` may join several kinds at once (Linux 5.8).
    """
    libc.invoke("setns", fd, nstype, about=f"{fd}, {_words(nstype)}")


def clone(flags: int) -> int:
    """Fork with new namespaces: 0 in the child, its pid in the parent.

    Only for a process with one thread, which needs none of what os.fork() does in the parent.
    """
    pid = _clone(flags | _SIGCHLD, 0, 0, 0, 0, 0)
    if pid < 0:
        raise SyscallError("clone", _words(flags), libc.last_error())
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    return pid


@contextmanager
def in_namespace(fd: int, nstype: int) -> Iterator[None]:
    """Be in the namespace ``fd`` stands for inside the block, and back afterwards.

    A socket opened inside stays in that network namespace.
    """
    home = os.open(f"/proc/thread-self/ns/{FILES[nstype]}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(fd, nstype)
        try:
            yield
        finally:
            setns(home, nstype)
    finally:
        os.close(home)


def _words(flags: int) -> str:
    return "|".join(f"CLONE_NEW{name.upper()}" for bit, name in FILES.items() if flags & bit) or "0"
