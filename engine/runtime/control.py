"""Speak to a container's shim."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, cast

from engine import paths
from engine.kernel import pty
from engine.runtime import launcher, messages, status
from schemas.errors import Conflict, Failed

if TYPE_CHECKING:
    from schemas.specs import ExecSpec

_ENDING = 5.0  # seconds that a shim may take from its last reply to its end


def request(id: str, message: messages.Message) -> messages.Message:
    """Ask for something and return the reply; the errors of the other side are raised here. Conflict when none lives."""
    connection, reply, _ = _ask(id, message)
    connection.close()
    return _checked(id, reply)


def stop(id: str, *, timeout: float | None, signal: str | None) -> None:
    """Have the container end, and return when it has and everything it held is taken away. Ended already: no error."""
    message = {"type": "stop", "timeout": timeout, "signal": signal}
    while True:
        try:
            connection, reply, _ = _ask(id, message)
        except Conflict:
            return
        connection.close()
        if reply is not None:
            _checked(id, reply)
            return
        # The shim was killed meanwhile: another one takes over and is asked again.
        now = status.read(id)
        if now.needs_adoption:
            launcher.adopt(id)
        elif now.state not in status.ACTIVE:
            return


def exec(id: str, spec: ExecSpec) -> Channel:
    """A further process; errors of its start are raised here."""
    return _open(id, {"type": "exec", "spec": cast("dict[str, object]", spec)})


def attach(id: str, *, stdin: bool, logs: bool) -> Channel:
    """The container's own streams."""
    return _open(id, {"type": "attach", "stdin": stdin, "logs": logs})


class Channel:
    """Descriptors of a process in a container, and its end."""

    def __init__(
        self, id: str, connection: messages.Socket, reply: messages.Message, fds: list[int]
    ) -> None:
        self.tty = bool(reply.get("tty"))
        self._id = id
        self._pid = int(reply.get("pid") or 0)
        self._connection = connection
        self._code: int | None = None
        self._stdin = self._stdout = self._stderr = -1
        if self.tty and fds:
            self._stdin = self._stdout = fds[0]
        elif self._pid and len(fds) == 3:
            self._stdin, self._stdout, self._stderr = fds
        elif fds:
            self._stdout, self._stderr = fds[:2]
            self._stdin = fds[2] if len(fds) > 2 else -1

    def stdin(self) -> int:
        return self._stdin

    def stdout(self) -> int:
        return self._stdout

    def stderr(self) -> int:
        return self._stderr

    def close_stdin(self) -> None:
        """The process reads the end; on a terminal there is no such thing."""
        if self._stdin >= 0 and not self.tty:
            os.close(self._stdin)
            self._stdin = -1

    def resize(self, rows: int, columns: int) -> None:
        if not self.tty:
            return
        if self._pid:
            pty.set_size(self._stdout, rows, columns)
        else:
            request(self._id, {"type": "resize", "rows": rows, "columns": columns})

    def signal(self, name: str) -> None:
        """Send a signal; to the container's first process when attached."""
        import signal as signals

        number = int(signals.Signals[name])
        if self._pid:
            os.kill(self._pid, number)
        else:
            request(self._id, {"type": "kill", "signal": number})

    def wait(self) -> int:
        """The exit code. 255 when the shim was killed before it could tell."""
        if self._code is None:
            while True:
                try:
                    reply, _ = messages.receive(self._connection)
                except OSError:
                    reply = None
                if reply is None:
                    self._code = self._unseen()
                    break
                if "exit" in reply:
                    self._code = int(reply["exit"])
                    break
        return self._code

    def close(self) -> None:
        for fd in {self._stdin, self._stdout, self._stderr} - {-1}:
            os.close(fd)
        self._stdin = self._stdout = self._stderr = -1
        self._connection.close()

    def _unseen(self) -> int:
        now = status.read(self._id)
        return now.exit_code if not self._pid and now.state == "exited" else status.UNSEEN


def _open(id: str, message: messages.Message) -> Channel:
    connection, reply, fds = _ask(id, message)
    try:
        return Channel(id, connection, _checked(id, reply), fds)
    except BaseException:
        connection.close()
        raise


def _connect(id: str) -> messages.Socket:
    """The shim's socket. Conflict when the container does not run."""
    path = f"{paths.runtime_dir(id)}/ctl.sock"
    deadline = time.monotonic() + 5.0
    while True:
        try:
            return messages.connect(path)
        except OSError:
            now = status.read(id)
            if now.needs_adoption:
                launcher.adopt(id)
            elif now.state not in status.ACTIVE or time.monotonic() > deadline:
                raise Conflict(f"container {id[:12]} is not running") from None
            else:
                time.sleep(0.005)  # a shim that has just begun


def _ask(
    id: str, message: messages.Message
) -> tuple[messages.Socket, messages.Message | None, list[int]]:
    """Ask and hear; no reply when the shim has ended with the request in hand. Conflict when the container does not run."""
    while True:
        connection = _connect(id)
        try:
            messages.send(connection, message)
            return connection, *messages.answer(connection)
        except OSError:
            # Nobody has read it: that shim was killed (a child of it that had not yet become its program may have held the
            # socket open), or ended with its container. Who connects again finds out.
            connection.close()
        except BaseException:
            connection.close()
            raise


def _checked(id: str, reply: messages.Message | None) -> messages.Message:
    if reply is None:
        # Most likely the container ended this moment, and its shim is about to say so.
        deadline = time.monotonic() + _ENDING
        while status.shim_alive(id) and time.monotonic() < deadline:
            time.sleep(0.005)
        if status.read(id).state not in status.ACTIVE:
            raise Conflict(f"container {id[:12]} is not running")
        raise Failed(f"container {id[:12]}: its supervisor ended while it was asked")
    if "error" in reply:
        raise messages.to_error(reply)
    return reply
