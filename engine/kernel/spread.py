"""Where a file system puts new directories (ioctl_iflags(2), FS_TOPDIR_FL)."""

from __future__ import annotations

import fcntl
import os
import struct

_GETFLAGS, _SETFLAGS = 0x80086601, 0x40086602
_TOPDIR = 0x00020000


def spread(directory: str) -> None:
    """Have what is made in ``directory`` spread over the file system, as far as that knows of it (ext2 to ext4 do).

    ext4 looks long for a free inode where many were freed within the last minutes: a container's directory is such a place
    for the next container when it is put beside it.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, _GETFLAGS, struct.pack("l", 0)))
        fcntl.ioctl(fd, _SETFLAGS, struct.pack("l", flags | _TOPDIR))
    except OSError:
        pass  # it only tunes, and most file systems have no use for it
    finally:
        os.close(fd)
