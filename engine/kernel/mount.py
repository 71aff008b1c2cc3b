"""Mounts: mount(2) and the descriptor-based calls (fsopen, open_tree, move_mount, mount_setattr, openat2)."""

from __future__ import annotations

import errno
import os
import struct

from engine.kernel import libc
from schemas.errors import InvalidArgument, SyscallError

# How often openat2(2) may say that the machine was too busy to be sure. Each try takes microseconds.
_TRIES = 100_000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_SYNCHRONOUS = 0x10
MS_REMOUNT = 0x20
MS_DIRSYNC = 0x80
MS_NOSYMFOLLOW = 0x100
MS_NOATIME = 0x400
MS_NODIRATIME = 0x800
MS_BIND = 0x1000
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_SILENT = 0x8000
MS_UNBINDABLE = 0x20000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MS_SHARED = 0x100000
MS_RELATIME = 0x200000
MS_STRICTATIME = 0x1000000

# The words of mount(8) for the flags: word → (flag to add, flag to take away).
WORDS = {
    "noexec": (MS_NOEXEC, 0),
    "exec": (0, MS_NOEXEC),
    "nosuid": (MS_NOSUID, 0),
    "suid": (0, MS_NOSUID),
    "nodev": (MS_NODEV, 0),
    "dev": (0, MS_NODEV),
    "ro": (MS_RDONLY, 0),
    "rw": (0, MS_RDONLY),
    "noatime": (MS_NOATIME, 0),
    "atime": (0, MS_NOATIME),
    "nodiratime": (MS_NODIRATIME, 0),
    "diratime": (0, MS_NODIRATIME),
    "relatime": (MS_RELATIME, 0),
    "norelatime": (0, MS_RELATIME),
    "strictatime": (MS_STRICTATIME, 0),
    "nostrictatime": (0, MS_STRICTATIME),
    "sync": (MS_SYNCHRONOUS, 0),
    "async": (0, MS_SYNCHRONOUS),
    "dirsync": (MS_DIRSYNC, 0),
}

MNT_FORCE = 0x1
MNT_DETACH = 0x2
UMOUNT_NOFOLLOW = 0x8

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000
OPEN_TREE_CLONE = 0x1
OPEN_TREE_CLOEXEC = os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 0x4
MOVE_MOUNT_T_EMPTY_PATH = 0x40
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_NOEXEC = 0x8
MOUNT_ATTR_IDMAP = 0x100000
RESOLVE_NO_MAGICLINKS = 0x2
RESOLVE_IN_ROOT = 0x10

_FSOPEN_CLOEXEC = 0x1
_FSMOUNT_CLOEXEC = 0x1
_FSCONFIG_SET_FLAG = 0
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CMD_CREATE = 6
# fsconfig(2) takes strings below 256 bytes; mount(2) copies one page of options.
_STRING_LIMIT = 255
_OPTIONS_LIMIT = 4095


def mount(source: str, target: str, fstype: str, flags: int, data: str = "") -> None:
    """mount(2)."""
    libc.invoke(
        "mount",
        source,
        target,
        fstype or None,
        flags,
        data or None,
        about=f"{fstype or source} on {target}",
    )


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    libc.invoke("umount2", target, flags, about=target)


def pivot_root(new: str, old: str) -> None:
    """Make ``new`` the root and hang the former root on ``old``; both may be "." (pivot_root(2), notes)."""
    libc.invoke("pivot_root", new, old, about=f"{new}, {old}")


def open_tree(path: str, flags: int, *, dirfd: int = AT_FDCWD) -> int:
    """A descriptor of the mount at ``path``, of a detached copy with OPEN_TREE_CLONE."""
    return libc.invoke("open_tree", dirfd, path, flags | OPEN_TREE_CLOEXEC, about=path)


def move_mount(fd: int, target: str, *, dirfd: int = AT_FDCWD) -> None:
    """Attach the detached mount ``fd`` at ``target``; with an empty ``target`` on what ``dirfd`` stands for."""
    flags = MOVE_MOUNT_F_EMPTY_PATH | (MOVE_MOUNT_T_EMPTY_PATH if not target else 0)
    libc.invoke("move_mount", fd, "", dirfd, target, flags, about=target or f"descriptor {dirfd}")


def mount_setattr(
    path: str, attributes: int, *, recursive: bool, dirfd: int = AT_FDCWD, propagation: int = 0
) -> None:
    """Add ``attributes`` (MOUNT_ATTR_*) to the mount at ``path``, and those below it when ``recursive``.

    ``propagation`` is one of MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE; 0 leaves it.
    """
    flags = (AT_RECURSIVE if recursive else 0) | (AT_EMPTY_PATH if not path else 0)
    attr = struct.pack("QQQQ", attributes, 0, propagation, 0)
    libc.invoke(
        "mount_setattr", dirfd, path, flags, attr, len(attr), about=path or f"descriptor {dirfd}"
    )


def set_idmap(tree: int, namespace: int) -> None:
    """Show the files of a mount, not yet attached, with the ids of a user namespace's maps."""
    attr = struct.pack("QQQQ", MOUNT_ATTR_IDMAP, 0, 0, namespace)
    libc.invoke(
        "mount_setattr", tree, "", AT_EMPTY_PATH, attr, len(attr), about=f"descriptor {tree}"
    )


def mount_setattr_readonly(path: str, recursive: bool) -> None:
    """Make the mount at ``path`` read-only, and those below it when ``recursive``."""
    mount_setattr(path, MOUNT_ATTR_RDONLY, recursive=recursive)


def clone_tree(path: str, *, recursive: bool, dirfd: int = AT_FDCWD) -> int:
    """A detached copy of what is mounted at ``path`` (a bind mount not yet attached)."""
    return open_tree(path, OPEN_TREE_CLONE | (AT_RECURSIVE if recursive else 0), dirfd=dirfd)


def open_in_root(root: int, path: str, flags: int, *, mode: int = 0) -> int:
    """Open ``path`` as if descriptor ``root`` were the root: no link and no ".." leads out of it (openat2(2))."""
    how = struct.pack("QQQ", flags | os.O_CLOEXEC, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    tries = _TRIES
    while True:
        try:
            return libc.invoke("openat2", root, path, how, len(how), about=path)
        except SyscallError as err:
            # A ".." is not vouched for while anything is renamed or mounted, be it elsewhere on the machine.
            if err.errno != errno.EAGAIN or not (tries := tries - 1):
                raise


def fsopen_overlay(
    lowers: list[str],
    upper: str | None,
    work: str | None,
    target: str,
    *,
    userxattr: bool = False,
) -> None:
    """Mount an overlay of ``lowers`` (top first) on ``target``; without ``upper`` it is read-only.

    Up to a page of options goes through mount(2), which is the quickest; more layers go one by one through
    fsconfig(2)'s "lowerdir+" (Linux 6.8), or with names relative to their common directory on older kernels.
    A layer that comes again is left out (ELOOP): whatever it holds, its first occurrence shows or hides already.
    """
    lowers = list(dict.fromkeys(lowers))
    options = overlay_options(lowers, upper, work, userxattr=userxattr)
    if len(os.fsencode(options)) <= _OPTIONS_LIMIT:
        mount("overlay", target, "overlay", 0, options)
        return
    try:
        _overlay_by_descriptor(lowers, upper, work, target, userxattr=userxattr)
    except SyscallError as err:
        if err.errno not in (errno.EINVAL, errno.ENOSYS):
            raise
        _overlay_by_relative_names(lowers, upper, work, target, userxattr=userxattr)


def overlay_options(
    lowers: list[str], upper: str | None, work: str | None, *, userxattr: bool = False
) -> str:
    """The option string of an overlay mount, with the separators in names escaped."""
    words = ["lowerdir=" + ":".join(_escape(lower) for lower in lowers)]
    if upper and work:
        words += ["upperdir=" + _escape(upper), "workdir=" + _escape(work)]
    if userxattr:
        words.append("userxattr")
    return ",".join(words)


def _escape(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _overlay_by_descriptor(
    lowers: list[str], upper: str | None, work: str | None, target: str, *, userxattr: bool
) -> None:
    context = libc.invoke("fsopen", "overlay", _FSOPEN_CLOEXEC, about="overlay")
    held: list[int] = []
    try:
        for lower in lowers:
            _set_path(context, "lowerdir+", lower, held)
        if upper and work:
            _set_path(context, "upperdir", upper, held)
            _set_path(context, "workdir", work, held)
        if userxattr:
            _fsconfig(context, _FSCONFIG_SET_FLAG, "userxattr", None)
        _fsconfig(context, _FSCONFIG_CMD_CREATE, None, None)
        tree = libc.invoke("fsmount", context, _FSMOUNT_CLOEXEC, 0, about="overlay")
    finally:
        os.close(context)
        for fd in held:
            os.close(fd)
    try:
        move_mount(tree, target)
    finally:
        os.close(tree)


def _set_path(context: int, key: str, path: str, held: list[int]) -> None:
    if len(os.fsencode(path)) > _STRING_LIMIT:
        held.append(os.open(path, os.O_PATH | os.O_CLOEXEC))
        path = f"/proc/self/fd/{held[-1]}"
    _fsconfig(context, _FSCONFIG_SET_STRING, key, path)


def _fsconfig(context: int, command: int, key: str | None, value: str | None) -> None:
    libc.invoke("fsconfig", context, command, key, value, 0, about=f"{key} {value}")


def _overlay_by_relative_names(
    lowers: list[str], upper: str | None, work: str | None, target: str, *, userxattr: bool
) -> None:
    common = os.path.commonpath(lowers)
    options = overlay_options(
        [os.path.relpath(lower, common) for lower in lowers], upper, work, userxattr=userxattr
    )
    if len(os.fsencode(options)) > _OPTIONS_LIMIT:
        raise InvalidArgument(
            f"{len(lowers)} image layers do not fit into one overlay mount of this kernel",
            hint="Linux 6.8 or newer takes up to 500 layers",
        )
    target = os.path.abspath(target)
    home = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir(common)
        mount("overlay", target, "overlay", 0, options)
    finally:
        os.fchdir(home)
        os.close(home)
