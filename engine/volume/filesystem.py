"""Volumes whose options name a file system (tmpfs, nfs …): mounted on the host while containers have them.

Mounted by the first container that starts, unmounted with the last one that is removed: stopped containers keep theirs.
"""

from __future__ import annotations

import errno
import os

from engine.kernel import mount
from engine.volume.options import Source
from schemas.errors import Failed, SyscallError

# Their servers may be given by name; the kernel knows addresses only.
_NETWORKED = ("nfs", "nfs4", "cifs", "smb3")


def ensure(name: str, source: Source, place: str) -> None:
    """Have the file system mounted at ``place``; the caller holds the volume's lock. Failed says what did not work."""
    if os.path.ismount(place):
        return
    data = _with_address(name, source) if source.type in _NETWORKED else source.data
    try:
        mount.mount(source.device, place, source.type, source.flags, data)
    except SyscallError as err:
        reason = os.strerror(err.errno)
        hint = None
        if err.errno == errno.ENODEV:
            reason = f"unknown file system type {source.type}"
            hint = f"load the module {source.type}, if this kernel has it"
        elif err.errno == errno.EINVAL:
            hint = "see what the kernel says of the options: dmesg | tail"
        raise Failed(
            f'volume "{name}": failed to mount local volume: mount {source.device}:{place}, data: {data}: {reason}',
            hint=hint,
        ) from err


def release(name: str, place: str) -> None:
    """Unmount; what is not mounted is no error. Failed while something uses it."""
    if not os.path.ismount(place):
        return
    try:
        mount.umount(place)
    except SyscallError as err:
        raise Failed(
            f'volume "{name}": cannot unmount {place}: {os.strerror(err.errno)}',
            hint=f"see what uses it: fuser -vm {place}" if err.errno == errno.EBUSY else None,
        ) from err


def _with_address(name: str, source: Source) -> str:
    """The options with the server's address in place of its name."""
    import socket

    words = source.data.split(",") if source.data else []
    for index, word in enumerate(words):
        key, _, host = word.partition("=")
        if key != "addr" or not host:
            continue
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as err:
            raise Failed(f'volume "{name}": o: addr={host}: {err.strerror}') from err
        words[index] = f"addr={found[0][4][0]}"
    return ",".join(words)
