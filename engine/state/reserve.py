"""Some room on the disk that is kept for the moment when there is none: taking something away is written down too."""

from __future__ import annotations

import os

from engine import paths

_SIZE = 256 << 10
_ENOUGH = 1 << 20  # bytes: with less than that free there is no room to spare


def release() -> None:
    """Give the room away if the disk is full. To be called before something is removed."""
    if _free() < _SIZE:
        try:
            os.unlink(_path())
        except FileNotFoundError:
            pass


def renew() -> None:
    """Take the room again, if there is enough."""
    if os.path.exists(_path()) or _free() < _ENOUGH:
        return
    temporary = f"{_path()}.{os.urandom(4).hex()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, _SIZE)
        os.rename(temporary, _path())
    except OSError:
        os.unlink(temporary)  # somebody else was quicker to take it
    finally:
        os.close(fd)


def _path() -> str:
    return f"{paths.root()}/reserve"


def _free() -> int:
    found = os.statvfs(paths.root())
    return found.f_bavail * found.f_frsize
