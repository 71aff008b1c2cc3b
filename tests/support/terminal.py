"""A command on a terminal of its own: what a person types and sees."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path


class Terminal:
    """A running command whose standard streams are one pseudo-terminal."""

    def __init__(
        self,
        words: list[str],
        *,
        cwd: Path,
        environ: dict[str, str],
        size: tuple[int, int] = (24, 80),
    ) -> None:
        self.seen = ""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                os.execve(words[0], words, {**environ, "TERM": "xterm"})
            finally:
                os._exit(127)
        self.resize(*size)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window's size."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type; control characters as they are."""
        os.write(self._fd, text.encode())

    def expect(self, text: str, *, within: float = 15) -> str:
        """Read until ``text`` is on the screen; everything seen so far."""
        deadline = time.monotonic() + within
        while text not in self.seen:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} did not come: {self.seen!r}"
            if self._read(left) is False:
                break
        assert text in self.seen, f"{text!r} did not come before the end: {self.seen!r}"
        return self.seen

    def end(self, *, within: float = 15) -> int:
        """Wait for the command to end by itself; its exit code."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self._read(0.2) is not False:
            pass
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._fd)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"the command did not end: {self.seen!r}")

    def signal(self, number: int) -> None:
        """Send a signal to the command."""
        os.kill(self.pid, number)

    def settings(self) -> list[object]:
        """The terminal's settings, to see whether they were put back."""
        return termios.tcgetattr(self._fd)

    def _read(self, timeout: float) -> bool | None:
        """Whether something came; None when nothing did, False at the end."""
        if not select.select([self._fd], [], [], timeout)[0]:
            return None
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)
