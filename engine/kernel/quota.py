"""Project quotas: a limit on what a directory and all below it may hold (quotactl(2), ext4(5), xfs_quota(8)).

ext4 (``mkfs -O quota,project``, mounted with prjquota) and xfs (mounted with pquota) keep them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from engine.kernel import libc
from schemas.errors import SyscallError

_PROJECT = 2  # PRJQUOTA
_GET_INFO, _SET_QUOTA = 0x800005, 0x800008
# struct if_dqblk: limits and use of blocks (of a kilobyte) and of inodes, two times, and which of them are meant.
_DQBLK = struct.Struct("=QQQQQQQQII")
_BLOCK_LIMITS = 1
_BLOCK = 1024
# struct fsxattr: flags, extent size, extents, project.
_FSXATTR = struct.Struct("=IIII12x")
_GET_XATTR, _SET_XATTR = 0x801C581F, 0x401C5820
_INHERIT = 0x200  # FS_XFLAG_PROJINHERIT
_LOWEST = 1 << 28  # above what people number by hand


def available(path: str) -> bool:
    """Whether the file system at ``path`` keeps project quotas."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        libc.invoke("quotactl_fd", fd, _command(_GET_INFO), 0, libc.buffer(64), about=path)
    except SyscallError:
        return False
    finally:
        os.close(fd)
    return True


def project(id: str) -> int:
    """The project number of something with a random hexadecimal id."""
    return _LOWEST | int(id[:7], 16)


def limit(directories: list[str], number: int, size: int) -> None:
    """Let empty directories hold ``size`` bytes together, with all that will be made in them. SyscallError."""
    for path in directories:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _assign(fd, path, number)
            _set(fd, path, number, size)
        finally:
            os.close(fd)


def forget(path: str, number: int) -> None:
    """Take the project's limit back; where there are no quotas there is none."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _set(fd, path, number, 0)
    except SyscallError as err:
        if err.errno not in (errno.ESRCH, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(fd)


def _assign(fd: int, path: str, number: int) -> None:
    data = bytearray(_FSXATTR.size)
    try:
        fcntl.ioctl(fd, _GET_XATTR, data)
        flags, extent, extents, _ = _FSXATTR.unpack(data)
        fcntl.ioctl(fd, _SET_XATTR, _FSXATTR.pack(flags | _INHERIT, extent, extents, number))
    except OSError as err:
        raise SyscallError("ioctl", path, err.errno or 0) from err


def _set(fd: int, path: str, number: int, size: int) -> None:
    blocks = -(-size // _BLOCK)
    request = _DQBLK.pack(blocks, blocks, 0, 0, 0, 0, 0, 0, _BLOCK_LIMITS, 0)
    libc.invoke("quotactl_fd", fd, _command(_SET_QUOTA), number, request, about=path)


def _command(command: int) -> int:
    """QCMD() of linux/quota.h."""
    return command << 8 | _PROJECT
