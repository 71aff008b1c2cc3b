"""System calls that Python 3.11 does not offer, by ctypes on the C library.

``PyDLL`` keeps the interpreter lock held during a call: raw clone(2) must not let another thread in between, and the
calls made here do not block. errno is the one that ctypes saved for the calling thread.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable

from schemas.errors import SyscallError, Unsupported

# The names shared by both machines have one number since Linux 5.1 (include/uapi/asm-generic/unistd.h).
_SHARED = {
    "pidfd_send_signal": 424,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "pidfd_open": 434,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "quotactl_fd": 443,
}
_NUMBERS = {
    "x86_64": {
        "clone": 56,
        "prctl": 157,
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "capget": 125,
        "capset": 126,
        "unshare": 272,
        "setns": 308,
        "seccomp": 317,
        "bpf": 321,
        "keyctl": 250,
    },
    "aarch64": {
        "clone": 220,
        "prctl": 167,
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "capget": 90,
        "capset": 91,
        "unshare": 97,
        "setns": 268,
        "seccomp": 277,
        "bpf": 280,
        "keyctl": 219,
    },
}

MACHINE = os.uname().machine
SYS: dict[str, int] = {**_SHARED, **_NUMBERS.get(MACHINE, {})}

Buffer = ctypes.Array[ctypes.c_char]
Argument = int | bytes | str | None | Buffer

_MOST_ARGUMENTS = 6
_syscall = ctypes.PyDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
# A void pointer takes what system calls take: whole numbers of 64 bits, bytes, buffers, and None for 0.
_syscall.argtypes = (ctypes.c_long, *[ctypes.c_void_p] * _MOST_ARGUMENTS)
_PADDING = [(0,) * (_MOST_ARGUMENTS - count) for count in range(_MOST_ARGUMENTS + 1)]


def number(call: str) -> int:
    """The number of ``call`` on this machine; Unsupported when the machine is not in the table."""
    try:
        return SYS[call]
    except KeyError:
        raise Unsupported(f"system call {call} is not known for machine {MACHINE}") from None


def syscall(number: int, *arguments: Argument) -> int:
    """Make system call ``number``; raise OSError when it fails."""
    words = [os.fsencode(word) if isinstance(word, str) else word for word in arguments]
    result: int = _syscall(number, *words, *_PADDING[len(words)])
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def prepared(call: str) -> Callable[..., int]:
    """The system call named ``call`` as a function of its six arguments, all whole numbers; -1 when it fails.

    It touches less memory than ``invoke``, which counts for a process that makes one call in its life.
    """
    return functools.partial(_syscall, number(call))


def last_error() -> int:
    """The errno of the last call that failed."""
    return ctypes.get_errno()


def invoke(call: str, *arguments: Argument, about: str = "") -> int:
    """Make the system call named ``call``; raise SyscallError, with ``about`` as its arguments, when it fails."""
    try:
        return syscall(number(call), *arguments)
    except OSError as err:
        raise SyscallError(call, about, err.errno or 0) from err


def buffer(size: int) -> Buffer:
    """Memory of ``size`` zero bytes that a system call may write to."""
    return ctypes.create_string_buffer(size)
