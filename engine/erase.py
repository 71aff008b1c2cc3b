"""Remove a directory tree for good, however it was left."""

from __future__ import annotations

import errno
import os
import time

# A container may nest directories deeper than there are descriptors: what lies deeper is first moved up.
DEPTH = 64
# Seconds that what fills a directory again is put up with: a helper of a killed command ends a moment after it.
PATIENCE = 2.0


def erase(path: str) -> None:
    """Remove the file or tree ``path``; absent is not an error, nor is another process removing it at the same time, nor one
    that goes on writing into it for a moment.

    Works on descriptors, so that nobody who swaps a directory for a link leads it elsewhere, and never leaves the
    file system it began on: what somebody mounted below is not ours to delete.
    """
    parent, name = os.path.split(path)
    try:
        fd = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _Eraser(os.fstat(fd).st_dev).erase(fd, name)
    finally:
        os.close(fd)


class _Eraser:
    """One removal: the file system it stays on, and the top directory that deep ones are moved to."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._top = -1
        self._moved = 0
        self._until = 0.0

    def erase(self, parent: int, name: str, depth: int = 0) -> None:
        try:
            os.unlink(name, dir_fd=parent)
            return
        except FileNotFoundError:
            return
        except IsADirectoryError:
            pass
        if depth == DEPTH:
            self._moved += 1
            os.rename(name, f".deep-{self._moved}", src_dir_fd=parent, dst_dir_fd=self._top)
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(name, flags, dir_fd=parent)
        except FileNotFoundError:
            return
        try:
            if os.fstat(fd).st_dev != self._device:
                raise OSError(errno.EBUSY, f"not removed, something is mounted there: {name}")
            if depth == 0:
                self._top = fd
            while entries := os.listdir(fd):
                for entry in entries:
                    self.erase(fd, entry, depth + 1)
                if depth > 0:
                    break
        finally:
            os.close(fd)
        try:
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            pass
        except OSError as err:
            if err.errno != errno.ENOTEMPTY:
                raise
            self._wait(err)
            if depth == 0:  # which looks into all the others once more
                self.erase(parent, name)

    def _wait(self, err: OSError) -> None:
        """Give whoever fills a directory again the time to end; raise when it has had that."""
        now = time.monotonic()
        self._until = self._until or now + PATIENCE
        if now >= self._until:
            raise err
        time.sleep(0.01)
