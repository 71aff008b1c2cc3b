"""Wait for a file or directory to change (inotify(7)); another thread may end the wait."""

from __future__ import annotations

import ctypes
import os
import select

from schemas.errors import SyscallError

IN_MODIFY = 0x002
IN_ATTRIB = 0x004
IN_CLOSE_WRITE = 0x008
IN_MOVED_FROM = 0x040
IN_MOVED_TO = 0x080
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_DELETE_SELF = 0x400

_libc = ctypes.PyDLL(None, use_errno=True)


class Watch:
    """Paths being watched. ``wait()`` says that something happened, not what: the caller looks at the files itself."""

    def __init__(self) -> None:
        self._fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise SyscallError("inotify_init1", "", ctypes.get_errno())
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closed = False
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def add(self, path: str, mask: int) -> bool:
        """Watch ``path`` too; False when it does not exist."""
        if _libc.inotify_add_watch(self._fd, os.fsencode(path), ctypes.c_uint32(mask)) >= 0:
            return True
        error = ctypes.get_errno()
        if isinstance(OSError(error, ""), FileNotFoundError | NotADirectoryError):
            return False
        raise SyscallError("inotify_add_watch", path, error)

    def fileno(self) -> int:
        """The descriptor that is readable when something has happened."""
        return self._fd

    def wait(self, timeout: float | None = None) -> bool:
        """Block until something has happened since the last wait (True), ``end()`` (False) or the timeout (False)."""
        events = self._poll.poll(None if timeout is None else max(0, int(timeout * 1000) + 1))
        if self._closed:
            return False
        happened = False
        for fd, _ in events:
            if fd == self._fd:
                happened = True
                self.drain()
        return happened

    def drain(self) -> None:
        """Forget what has happened so far."""
        try:
            while os.read(self._fd, 65536):
                pass
        except BlockingIOError:
            pass

    @property
    def ended(self) -> bool:
        return self._closed

    def end(self) -> None:
        """End a wait in another thread, and every later one."""
        self._closed = True
        if self._fd >= 0:
            os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Give the descriptors back; nobody may be waiting."""
        self._closed = True
        if self._fd >= 0:
            os.close(self._fd)
            os.close(self._wake)
            self._fd = -1
