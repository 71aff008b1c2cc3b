"""Let go of inherited descriptors (close_range(2))."""

from __future__ import annotations

import os

from engine.kernel import libc
from schemas.errors import SyscallError

_LAST = 0xFFFFFFFF


def close_all_but(kept: tuple[int, ...]) -> None:
    """Close every descriptor from 3 on that is not among ``kept``."""
    first = 3
    for fd in sorted({fd for fd in kept if fd >= 3}):
        if fd > first:
            _close(first, fd - 1)
        first = fd + 1
    _close(first, _LAST)


def _close(first: int, last: int) -> None:
    try:
        libc.invoke("close_range", first, last, 0, about=f"{first}, {last}")
    except SyscallError:  # before Linux 5.9, or filtered
        os.closerange(first, min(last + 1, os.sysconf("SC_OPEN_MAX")))
