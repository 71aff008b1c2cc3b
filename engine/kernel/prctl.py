"""Attributes of the calling process (prctl(2))."""

from __future__ import annotations

from engine.kernel import libc

_SET_PDEATHSIG = 1
_SET_DUMPABLE = 4
_SET_KEEPCAPS = 8
_SET_NAME = 15
_CAPBSET_DROP = 24
_SET_CHILD_SUBREAPER = 36
_SET_NO_NEW_PRIVS = 38
_CAP_AMBIENT = 47
_CAP_AMBIENT_RAISE = 2
_CAP_AMBIENT_CLEAR_ALL = 4


def set_name(name: str) -> None:
    """Set the name that ps shows (its first 15 bytes)."""
    _prctl("PR_SET_NAME", _SET_NAME, name.encode()[:15])


def no_new_privs() -> None:
    """Forbid this process and its children to gain privileges by execve(2), for ever."""
    _prctl("PR_SET_NO_NEW_PRIVS", _SET_NO_NEW_PRIVS, 1)


def subreaper() -> None:
    """Become the parent of orphaned descendants."""
    _prctl("PR_SET_CHILD_SUBREAPER", _SET_CHILD_SUBREAPER, 1)


def pdeathsig(sig: int) -> None:
    """Get ``sig`` when the parent thread ends; 0 clears it."""
    _prctl("PR_SET_PDEATHSIG", _SET_PDEATHSIG, sig)


def dumpable(value: int) -> None:
    """Allow (1) or forbid (0) others of the same uid to look into this process through /proc and ptrace."""
    _prctl("PR_SET_DUMPABLE", _SET_DUMPABLE, value)


def keep_caps(value: int) -> None:
    """Keep (1) or lose (0) the permitted capabilities at the next change away from uid 0."""
    _prctl("PR_SET_KEEPCAPS", _SET_KEEPCAPS, value)


def drop_bounding(cap: int) -> None:
    """Take ``cap`` out of the bounding set, for ever."""
    _prctl("PR_CAPBSET_DROP", _CAPBSET_DROP, cap)


def clear_ambient() -> None:
    """Empty the ambient set."""
    _prctl("PR_CAP_AMBIENT", _CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL)


def raise_ambient(cap: int) -> None:
    """Add ``cap`` (permitted and inheritable already) to the ambient set."""
    _prctl("PR_CAP_AMBIENT", _CAP_AMBIENT, _CAP_AMBIENT_RAISE, cap)


def _prctl(name: str, option: int, value: int | bytes = 0, further: int = 0) -> int:
    return libc.invoke("prctl", option, value, further, 0, 0, about=name)
