"""What the container's processes write: copied to the log and to attached clients.

The pipes are FIFOs in the runtime directory that the container itself holds open for reading and writing, so that a shim
may die and another go on where it stopped. A client that does not read holds the container back, as with Docker.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable

from engine import paths
from engine.runtime import logformat
from engine.runtime.logwriter import NoLog, Writer
from engine.runtime.loop import Loop
from schemas.typed import NamedTuple

_CHUNK = 65536
_PIPE = 1 << 18
_WAITING = 1 << 20  # bytes a client may lag behind before the container waits for it
_NAMES = {logformat.STDOUT: "out", logformat.STDERR: "err"}


class Pipes(NamedTuple):
    """Descriptors of a run's stdout and stderr: the ends of the container and ours."""

    container: tuple[int, int]
    ours: tuple[int, int]


def make_pipes(id: str) -> Pipes:
    """FIFOs for a run of the container, which holds its ends open in both directions."""
    container, ours = [], []
    for name in _NAMES.values():
        path = f"{paths.runtime_dir(id)}/{name}"
        try:
            os.mkfifo(path, 0o600)
        except FileExistsError:
            pass
        container.append(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        ours.append(_open_end(path))
    return Pipes((container[0], container[1]), (ours[0], ours[1]))


def reopen_pipes(id: str) -> tuple[int, int]:
    """Our ends of FIFOs that a lost shim read from."""
    names = _NAMES.values()
    out, err = (_open_end(f"{paths.runtime_dir(id)}/{name}") for name in names)
    return out, err


def _open_end(path: str) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE)
    except OSError:
        pass  # over the user's limit of pipe pages: the default size does as well
    return fd


class Client:
    """An attached reader: descriptors of ours by stream, and what they have not taken yet."""

    def __init__(self, fds: dict[int, int], drained: Callable[[Client], None], loop: Loop) -> None:
        self._fds = fds
        self._loop = loop
        self._drained = drained
        self._pending: dict[int, bytearray] = {fd: bytearray() for fd in fds.values()}
        self._closing = False
        for fd in self._pending:
            os.set_blocking(fd, False)

    @property
    def lag(self) -> int:
        return sum(map(len, self._pending.values()))

    @property
    def gone(self) -> bool:
        return not self._pending

    def push(self, stream: int, data: bytes) -> None:
        """Pass data on; what does not fit waits."""
        fd = self._fds.get(stream, -1)
        waiting = self._pending.get(fd)
        if waiting is None:
            return
        if not waiting:
            data = data[self._write(fd, data) :]
            if not data or fd not in self._pending:
                return
            self._loop.on_write(fd, lambda: self._flush(fd))
        waiting += data

    def end(self) -> None:
        """Close each descriptor as soon as it has taken everything."""
        self._closing = True
        for fd, waiting in list(self._pending.items()):
            if not waiting:
                self._close(fd)

    def _flush(self, fd: int) -> None:
        waiting = self._pending[fd]
        taken = self._write(fd, bytes(waiting[:_CHUNK]))
        if fd not in self._pending:
            return
        del waiting[:taken]
        if not waiting:
            self._loop.forget(fd)
            if self._closing:
                self._close(fd)
        self._drained(self)

    def _write(self, fd: int, data: bytes) -> int:
        try:
            return os.write(fd, data)
        except BlockingIOError:
            return 0
        except OSError:  # it reads no more
            self._close(fd)
            return 0

    def _close(self, fd: int) -> None:
        if self._pending.pop(fd, None) is not None:
            self._loop.forget(fd)
            os.close(fd)
            self._drained(self)


class Output:
    """Copies from FIFOs or a terminal to log and clients, within the shim's loop."""

    def __init__(self, loop: Loop, ended: Callable[[], None]) -> None:
        self._loop = loop
        self.log: Writer = NoLog()
        self._ended = ended  # all output has been copied, after ``finish``
        self._sources: dict[int, int] = {}  # descriptor → stream
        self._clients: list[Client] = []
        self._held = False

    def pipes(self, ends: tuple[int, int]) -> None:
        """Read from our ends of the container's pipes, which are this object's from now on."""
        self._watch(ends[0], logformat.STDOUT)
        self._watch(ends[1], logformat.STDERR)

    def terminal(self, master: int) -> None:
        """Read from the terminal whose master this is, which is this object's from now on."""
        os.set_blocking(master, False)
        self._watch(master, logformat.STDOUT)

    def attach(self, fds: dict[int, int], backlog: dict[int, bytes]) -> Client:
        """A further reader: ``fds`` by stream; it gets ``backlog`` first."""
        client = Client(fds, self._drained, self._loop)
        self._clients.append(client)
        for stream, data in backlog.items():
            if data:
                client.push(stream, data)
        return client

    def finish(self) -> None:
        """The container's processes are gone: copy what is left and close our ends."""
        self._held = False
        for fd in list(self._sources):
            while self._copy(fd) > 0:
                pass
            self._loop.forget(fd)
            self._sources.pop(fd, None)
            os.close(fd)

    def end_clients(self) -> None:
        """No output will follow."""
        for client in list(self._clients):
            client.end()

    @property
    def idle(self) -> bool:
        """Whether every client has taken everything."""
        return not any(client.lag for client in self._clients)

    def _watch(self, fd: int, stream: int) -> None:
        self._sources[fd] = stream
        self._loop.on_read(fd, lambda: self._readable(fd))

    def _readable(self, fd: int) -> None:
        if self._copy(fd) == 0 and fd in self._sources:
            self._loop.on_read(fd, None)

    def _copy(self, fd: int) -> int:
        """One read's worth: its length, 0 when nobody holds the other end any more, -1 when there is nothing now."""
        stream = self._sources[fd]
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return -1
        except OSError:  # EIO: a terminal whose processes have ended
            return 0
        if not data:
            return 0
        self.log.append(stream, data)
        for client in self._clients:
            client.push(stream, data)
        if any(client.lag > _WAITING for client in self._clients):
            self._hold()
        return len(data)

    def _hold(self) -> None:
        if not self._held:
            self._held = True
            for fd in self._sources:
                self._loop.on_read(fd, None)

    def _drained(self, client: Client) -> None:
        if client.gone and client in self._clients:
            self._clients.remove(client)
        if self._held and not any(other.lag > _WAITING // 2 for other in self._clients):
            self._held = False
            for fd, _ in list(self._sources.items()):
                self._loop.on_read(fd, lambda fd=fd: self._readable(fd))  # type: ignore[misc]
        if self.idle:
            self._ended()
