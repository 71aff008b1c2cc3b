"""Start processes in a container: its first one, and further ones (``exec``, health checks). Runs in the shim."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from engine.kernel import cgroup, descriptors, namespaces, prctl
from engine.runtime import init, messages, program
from engine.runtime.bundle import Bundle
from engine.runtime.program import Program
from engine.runtime.sandbox import open_namespace
from schemas.errors import Conflict, SyscallError
from schemas.typed import NamedTuple, TypedDict

_OWN = {
    "pid": namespaces.CLONE_NEWPID,
    "ipc": namespaces.CLONE_NEWIPC,
    "uts": namespaces.CLONE_NEWUTS,
}


# Joining a container that is ending: its process, its control group and the files of both may be gone; clone(2) says ENOMEM in
# a pid namespace whose init has terminated.
_ENDED = (errno.ENOMEM, errno.ENOENT, errno.ENODEV, errno.ESRCH)
# What a further process shares with the first one, besides the pid namespace.
_ALL = (
    namespaces.CLONE_NEWNS
    | namespaces.CLONE_NEWIPC
    | namespaces.CLONE_NEWUTS
    | namespaces.CLONE_NEWNET
    | namespaces.CLONE_NEWCGROUP
)


class Child(NamedTuple):
    """A process on its way; ``sync`` tells of its terminal, its failure, or (by its end) that its program runs."""

    pid: int
    sync: messages.Socket


class Words(TypedDict):
    """How the first process is made; the descriptors come along."""

    flags: int  # of clone(2)
    joins: list[
        int
    ]  # CLONE_NEW… of each namespace to enter, in the order of the descriptors after the first four
    pid_namespace: bool  # whether one more descriptor follows: the pid namespace it is born in


class Plan(NamedTuple):
    words: Words
    fds: tuple[int, ...]
    borrowed: tuple[int, ...]  # those of ``fds`` that were opened for this


def plan(bundle: Bundle, netns: int) -> Plan:
    """How the container's first process is made. Conflict when one whose namespace it shares does not run."""
    modes = bundle["namespaces"]
    flags = namespaces.CLONE_NEWNS
    joins: list[tuple[int, int]] = [(netns, namespaces.CLONE_NEWNET)] if netns >= 0 else []
    borrowed: list[int] = []
    pid_namespace: list[int] = []
    for kind, flag in _OWN.items():
        mode = str(modes[kind])  # type: ignore[literal-required]
        if mode == "new":
            flags |= flag
        elif mode.startswith("container:"):
            fd = open_namespace(mode, kind)
            borrowed.append(fd)
            if kind == "pid":
                pid_namespace.append(fd)
            else:
                joins.append((fd, flag))
    words: Words = {
        "flags": flags,
        "joins": [flag for _, flag in joins],
        "pid_namespace": bool(pid_namespace),
    }
    return Plan(words, (*(fd for fd, _ in joins), *pid_namespace), tuple(borrowed))


def first(id: str, words: Words, fds: list[int]) -> int:
    """Make the container's first process, as a child of the caller; its pid.

    ``fds`` are its socket to the builder, stdin, stdout and stderr, and what ``words`` says.
    """
    sync, stdio, rest = fds[0], (fds[1], fds[2], fds[3]), fds[4:]
    pid_namespace = rest.pop() if words["pid_namespace"] else -1
    pid = _clone(words["flags"], pid_namespace)
    if pid == 0:
        joins = tuple(zip(rest, words["joins"], strict=True))
        init.main(id, messages.endpoint(sync), stdio=stdio, joins=joins)
    return pid


def further(
    bundle: Bundle, leader: int, leader_pidfd: int, program: Program, stdio: tuple[int, int, int]
) -> Child:
    """A process beside the container's first one, whose pid is ``leader``. Conflict when that one is ending."""
    own = bundle["namespaces"]["pid"] != "host"
    namespace = -1
    ours, theirs = messages.pair()
    try:
        if own:
            namespace = os.open(f"/proc/{leader}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        pid = _clone(0, namespace)
    except (OSError, SyscallError) as err:
        ours.close()
        theirs.close()
        raise _ended(bundle) if err.errno in _ENDED else err from err
    finally:
        if namespace >= 0:
            os.close(namespace)
    if pid == 0:
        _join(bundle, leader_pidfd, program, theirs, stdio)
    theirs.close()
    return Child(pid, ours)


def _ended(bundle: Bundle) -> Conflict:
    return Conflict(f"container {bundle['id'][:12]} is not running")


def _clone(flags: int, pid_namespace: int) -> int:
    """clone(2), with the child in ``pid_namespace`` when that is given: only children move, never the caller."""
    if pid_namespace < 0:
        return namespaces.clone(flags)
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        namespaces.setns(pid_namespace, namespaces.CLONE_NEWPID)
        pid = -1
        try:
            pid = namespaces.clone(flags)
        finally:
            if pid != 0:
                namespaces.setns(home, namespaces.CLONE_NEWPID)
        return pid
    finally:
        os.close(home)


def _join(
    bundle: Bundle,
    leader_pidfd: int,
    what: Program,
    sync: messages.Socket,
    stdio: tuple[int, int, int],
) -> NoReturn:
    def life() -> None:
        # Before the container's processes can see us: what we still hold is the host's.
        prctl.dumpable(0)
        for fd, source in enumerate(stdio):
            os.dup2(source, fd)
        descriptors.close_all_but((sync.fileno(), leader_pidfd))
        plan = bundle["cgroup"]
        try:
            cgroup.open_cgroup(plan["name"], parent=plan["parent"]).join(0)
            namespaces.setns(leader_pidfd, _ALL)
        except (OSError, SyscallError) as err:
            raise _ended(bundle) if err.errno in _ENDED else err from err
        os.close(leader_pidfd)
        program.execute(what, sync, lambda: None)

    program.confined(sync, life)
