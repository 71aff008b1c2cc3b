"""Kernel parameters of a container: only those that belong to one of its own namespaces (namespaces(7), proc(5))."""

from __future__ import annotations

import os
from collections.abc import Mapping

from schemas.errors import Failed, InvalidArgument

_IPC = frozenset(
    {
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall",
        "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
    }
)  # fmt: skip


def check(sysctls: Mapping[str, str], *, own_net: bool, own_ipc: bool) -> None:
    """Raise InvalidArgument for a parameter that would change the host or another container."""
    for name in sysctls:
        dotted = name.replace("/", ".")
        if ".." in dotted:
            raise InvalidArgument(f'sysctls: "{name}" is not a parameter name')
        if dotted.startswith("net."):
            belongs, namespace = own_net, "network"
        elif dotted in _IPC or dotted.startswith("fs.mqueue."):
            belongs, namespace = own_ipc, "ipc"
        else:
            raise InvalidArgument(
                f'sysctls: "{name}" belongs to the whole machine, not to a container'
            )
        if not belongs:
            raise InvalidArgument(
                f'sysctls: "{name}" needs a {namespace} namespace of the container\'s own'
            )


def apply(sysctls: Mapping[str, str], proc: int) -> None:
    """Write the parameters below ``proc``, a descriptor of a proc mount, in the caller's namespaces."""
    for name, value in sysctls.items():
        # With slashes, dots are part of a name (an interface "eth0.1"), as sysctl(8) reads it.
        path = name if "/" in name else name.replace(".", "/")
        try:
            fd = os.open(f"sys/{path}", os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc)
            try:
                os.write(fd, value.encode())
            finally:
                os.close(fd)
        except OSError as err:
            raise Failed(f"sysctls: {name}={value}: {os.strerror(err.errno or 0)}") from err
