"""Paths below a foreign root: whatever links the image holds, nothing is opened or made outside it.

Every function takes a descriptor of the root and answers with an O_PATH descriptor, to be used as a mount's target
(``/proc/self/fd/N``) or as ``dir_fd``. Resolution is the kernel's own (openat2(2), RESOLVE_IN_ROOT).
"""

from __future__ import annotations

import errno
import os

from engine.kernel import mount
from schemas.errors import SyscallError

_LINK_DEPTH = 40  # as the kernel's own limit, path_resolution(7)


class Root:
    """An open root, closed at the end of the block."""

    __slots__ = ("_fd",)

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def existing(root: int, path: str, flags: int = os.O_PATH) -> int | None:
    """Open what is at ``path``; None when nothing is."""
    try:
        return mount.open_in_root(root, path, flags)
    except SyscallError as err:
        if err.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def directory(root: int, path: str, *, mode: int = 0o755) -> int:
    """Open the directory at ``path``, made with its parents when missing."""
    return _ensure(root, path, mode, wants_directory=True, depth=0)


def file(root: int, path: str, *, mode: int = 0o644) -> int:
    """Open what is at ``path``; an empty file is made, with its parents, when nothing is."""
    return _ensure(root, path, mode, wants_directory=False, depth=0)


def fd_path(fd: int) -> str:
    """A path that leads to what the descriptor stands for."""
    return f"/proc/self/fd/{fd}"


def _ensure(root: int, path: str, mode: int, *, wants_directory: bool, depth: int) -> int:
    flags = os.O_PATH | (os.O_DIRECTORY if wants_directory else 0)
    try:
        return mount.open_in_root(root, path, flags)
    except SyscallError as err:
        if err.errno != errno.ENOENT or depth > _LINK_DEPTH:
            raise
    parent_path, name = os.path.split(path.rstrip("/"))
    parent = _ensure(root, parent_path or "/", 0o755, wants_directory=True, depth=depth)
    try:
        if wants_directory:
            os.mkdir(name, mode, dir_fd=parent)
        else:
            made = os.open(
                name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode, dir_fd=parent
            )
            os.close(made)
    except FileExistsError:
        # A link to something missing (or another start that made it just now): make what the link means.
        try:
            path = os.path.join(parent_path or "/", os.readlink(name, dir_fd=parent))
        except OSError:
            pass
    except OSError as err:
        raise SyscallError("mkdir" if wants_directory else "open", path, err.errno or 0) from err
    finally:
        os.close(parent)
    return _ensure(root, path, mode, wants_directory=wants_directory, depth=depth + 1)
