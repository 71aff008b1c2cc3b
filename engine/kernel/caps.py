"""Capabilities: names, Docker's default set, and putting a set into force (capabilities(7))."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable, Sequence

from engine.kernel import libc, prctl
from schemas.errors import InvalidArgument, SyscallError, Unsupported

# In the order of their numbers (include/uapi/linux/capability.h).
NAMES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
    "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
    "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
    "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
    "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
    "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip
NUMBERS = {name: number for number, name in enumerate(NAMES)}
ALL = frozenset(range(len(NAMES)))
DEFAULT = frozenset(
    NUMBERS[name]
    for name in (
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID",
        "SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    )
)  # fmt: skip

_VERSION_3 = 0x20080522


def number(name: str) -> int:
    """The number of a capability written with or without ``CAP_``, in any case."""
    word = name.upper().removeprefix("CAP_")
    if word not in NUMBERS:
        raise InvalidArgument(f'unknown capability "{name}"')
    return NUMBERS[word]


def resolve(
    add: Iterable[str],
    drop: Iterable[str],
    privileged: bool,
    *,
    available: frozenset[int] | None = None,
) -> frozenset[int]:
    """The set a container gets, by Docker's rules; pure when ``available`` is given.

    ``available`` is what the engine itself has (None: ask the kernel). "ALL" means all of these; one named in ``add``
    that is missing there raises Unsupported.
    """
    held = permitted() if available is None else available
    if privileged:
        return held
    added, dropped = _words(add), _words(drop)
    explicit = frozenset(number(word) for word in added - {"ALL"})
    lost = frozenset(number(word) for word in dropped - {"ALL"})
    missing = explicit - held
    if missing:
        names = ", ".join(NAMES[cap] for cap in sorted(missing))
        raise Unsupported(f"cap_add: {names}: pycompose itself does not have it on this machine")
    if "ALL" in added:
        return held - lost
    if "ALL" in dropped:
        return explicit
    return ((DEFAULT & held) - lost) | explicit


def permitted() -> frozenset[int]:
    """The permitted capabilities of the calling process."""
    header = struct.pack("Ii", _VERSION_3, 0)
    data = libc.buffer(24)
    libc.invoke("capget", header, data)
    _, low, _, _, high, _ = struct.unpack("6I", data.raw)
    mask = low | high << 32
    return frozenset(cap for cap in ALL if mask >> cap & 1)


def limit_bounding(caps: frozenset[int]) -> None:
    """Drop everything but ``caps`` from the bounding set: nothing executed later can have more."""
    for cap in range(64):
        if cap not in caps:
            try:
                prctl.drop_bounding(cap)
            except SyscallError as err:
                if err.errno != errno.EINVAL:
                    raise
                return  # past the last one that this kernel knows


def set_current(caps: frozenset[int], *, ambient: bool = False) -> None:
    """Make ``caps`` the permitted and effective set; the inheritable set is empty unless ``ambient``.

    ``ambient`` lets them survive execve(2) of a process that is not root.
    """
    mask = sum(1 << cap for cap in caps)
    kept = mask if ambient else 0
    low, high = 0xFFFFFFFF, 32
    header = struct.pack("Ii", _VERSION_3, 0)
    data = struct.pack(
        "6I", mask & low, mask & low, kept & low, mask >> high, mask >> high, kept >> high
    )
    prctl.clear_ambient()
    libc.invoke("capset", header, data)
    if ambient:
        for cap in sorted(caps):
            prctl.raise_ambient(cap)


def apply(caps: frozenset[int], *, keep_for_uid: bool) -> None:
    """Bound the calling process to ``caps`` and hold exactly these now.

    With ``keep_for_uid`` they are ambient: a process that is not root keeps them over execve(2).
    """
    limit_bounding(caps)
    set_current(caps, ambient=keep_for_uid)


def become(uid: int, gid: int, groups: Sequence[int], caps: frozenset[int]) -> None:
    """Take on the identity with ``caps`` as Docker does: root holds them, another uid only has them as its bound.

    The order matters: the bound needs CAP_SETPCAP, the ids need CAP_SETGID and CAP_SETUID, and ``caps`` may hold none.
    """
    limit_bounding(caps)
    prctl.keep_caps(1)
    os.setgroups(list(groups))
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    set_current(caps if uid == 0 else frozenset())
    prctl.keep_caps(0)


def _words(names: Iterable[str]) -> set[str]:
    return {name.upper().removeprefix("CAP_") for name in names}
