"""The container's first process, from its birth to its program: namespaces, root filesystem, then ``program.execute``."""

from __future__ import annotations

import _socket
import os
from typing import NoReturn

from engine.kernel import cgroup, descriptors, namespaces, prctl
from engine.runtime import messages, program, rootfs
from engine.runtime.bundle import Bundle, load, load_filter
from engine.runtime.program import Program
from schemas.errors import StartFailed


def main(
    id: str,
    sync: messages.Socket,
    *,
    stdio: tuple[int, int, int],
    joins: tuple[tuple[int, int], ...],
) -> NoReturn:
    """Run in the child of clone(2); ``joins`` are (descriptor, CLONE_NEW…) of namespaces that exist already."""

    def life() -> None:
        try:
            _keep(sync, stdio, joins)
            bundle = load(id)
            filter = load_filter(bundle)
            _enter(bundle, joins)
            rootfs.prepare_root(bundle)
        except OSError as err:
            message = os.strerror(err.errno or 0)
            raise StartFailed(message, step="namespaces", errno=err.errno or 0) from err
        program.execute(_program(bundle, filter), sync, lambda: _await_network(sync))

    program.confined(sync, life)


def _keep(
    sync: messages.Socket, stdio: tuple[int, int, int], joins: tuple[tuple[int, int], ...]
) -> None:
    """Hold the descriptors that are meant for us and no other: the shim's lock must end with the shim."""
    # While we hold the host's memory and files, nobody of our uid may look into us.
    prctl.dumpable(0)
    for fd, source in enumerate(stdio):
        os.dup2(source, fd)
    descriptors.close_all_but((sync.fileno(), *(fd for fd, _ in joins)))


def _enter(bundle: Bundle, joins: tuple[tuple[int, int], ...]) -> None:
    plan, modes = bundle["cgroup"], bundle["namespaces"]
    cgroup.open_cgroup(plan["name"], parent=plan["parent"]).join(0)
    for fd, kind in joins:
        namespaces.setns(fd, kind)
        os.close(fd)
    # After joining: the cgroup one is in becomes the root of the new namespace.
    if modes["cgroup"] == "private":
        namespaces.unshare(namespaces.CLONE_NEWCGROUP)
    if modes["uts"] == "new":
        _socket.sethostname(bundle["hostname"])
        if bundle["domainname"]:
            _set_domainname(bundle["domainname"])
    if bundle["oom_score_adj"] is not None:
        _write("/proc/self/oom_score_adj", str(bundle["oom_score_adj"]), "oom_score_adj")


def _set_domainname(name: str) -> None:
    # setdomainname(2) by its file: the call is not in Python, and /proc/sys is still the host's mount with our uts.
    _write("/proc/sys/kernel/domainname", name, "domainname")


def _write(path: str, value: str, key: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)
    except OSError as err:
        reason = os.strerror(err.errno or 0)
        raise StartFailed(f"{key}: {value}: {reason}", step=key, errno=err.errno or 0) from err


def _await_network(sync: messages.Socket) -> None:
    """Block until the shim has the network ready; end when it cannot, or is gone."""
    message, _ = messages.receive(sync)
    if message is None:
        os._exit(program.FAILED)


def _program(bundle: Bundle, filter: bytes) -> Program:
    return Program(
        argv=bundle["argv"],
        env=bundle["env"],
        cwd=bundle["cwd"],
        user=bundle["user"],
        group_add=bundle["group_add"],
        caps=frozenset(bundle["caps"]),
        filter=filter,
        no_new_privs=bundle["no_new_privs"],
        rlimits=bundle["rlimits"],
        tty=bundle["tty"],
        console=bundle["tty"],
        init=bundle["init"],
    )
