"""Copy-up: what the image holds at a volume's place goes into a volume that is still empty, as Docker does it.

A marker beside the volume says that a copy is under way; a command that finds one (its writer was killed) copies again.
Copying again replaces files and removes nothing, so it may repeat what is done and never takes what others have put there.
"""

from __future__ import annotations

import errno
import os
import stat

from engine.snapshot import merged
from engine.state import locks

_CHUNK = 8 << 20
_OVERLAY = "trusted.overlay."


def populate(data: str, marker: str, lock: str, layers: list[str], target: str) -> None:
    """Fill the directory ``data`` from ``target`` in the image unless something is in it."""
    with locks.exclusive(lock):
        if not os.path.exists(marker) and os.listdir(data):
            return
        found = merged.resolve(layers, target)
        if not found or not os.path.isdir(found[0]):
            return
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        _Copy().directory(found, data)
        os.unlink(marker)


class _Copy:
    """One copying: hard links are kept as such."""

    def __init__(self) -> None:
        self._linked: dict[tuple[int, int], str] = {}

    def directory(self, sources: list[str], target: str) -> None:
        for name in merged.names(sources):
            found = merged.lookup(sources, name)
            if found:
                self._entry(found, f"{target}/{name}")
        _dress(sources[0], target, os.lstat(sources[0]))

    def _entry(self, found: list[str], target: str) -> None:
        source = found[0]
        entry = os.lstat(source)
        kind = stat.S_IFMT(entry.st_mode)
        if kind == stat.S_IFDIR:
            try:
                os.mkdir(target, 0o700)
            except FileExistsError:
                if os.path.islink(target) or not os.path.isdir(target):
                    os.unlink(target)
                    os.mkdir(target, 0o700)
            self.directory(found, target)
            return
        _unlink(target)
        identity = (entry.st_dev, entry.st_ino)
        if entry.st_nlink > 1:
            if identity in self._linked:
                os.link(self._linked[identity], target, follow_symlinks=False)
                return
            self._linked[identity] = target
        if kind == stat.S_IFREG:
            _file(source, target)
        elif kind == stat.S_IFLNK:
            os.symlink(os.readlink(source), target)
        else:
            os.mknod(target, entry.st_mode, entry.st_rdev)
        _dress(source, target, entry)


def _unlink(target: str) -> None:
    try:
        os.unlink(target)
    except FileNotFoundError:
        pass
    except IsADirectoryError:
        from engine.erase import erase

        erase(target)


def _file(source: str, target: str) -> None:
    read = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        write = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while _copy_some(read, write):
                pass
        finally:
            os.close(write)
    finally:
        os.close(read)


def _copy_some(read: int, write: int) -> int:
    try:
        return os.copy_file_range(read, write, _CHUNK)
    except OSError as err:
        # Between some file systems the kernel does not copy by itself (copy_file_range(2)).
        if err.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        return os.sendfile(write, read, None, _CHUNK)


def _dress(source: str, target: str, entry: os.stat_result) -> None:
    """Owner, mode, extended attributes and times of the original."""
    os.chown(target, entry.st_uid, entry.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(entry.st_mode):
        os.chmod(target, stat.S_IMODE(entry.st_mode))
    for name in os.listxattr(source, follow_symlinks=False):
        if name.startswith(_OVERLAY):
            continue
        value = os.getxattr(source, name, follow_symlinks=False)
        try:
            os.setxattr(target, name, value, follow_symlinks=False)
        except OSError as err:
            if err.errno != errno.ENOTSUP or name.startswith("security."):
                raise
    os.utime(target, ns=(entry.st_atime_ns, entry.st_mtime_ns), follow_symlinks=False)
