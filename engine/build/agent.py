"""``RUN --mount=type=ssh``: a socket in the container that leads to an agent outside; keys never enter a layer."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine.build import rundir
from engine.erase import erase
from schemas.errors import InvalidArgument, NotFound, Unsupported


class Agents:
    """The agents that a build may use: id → path of a socket, of a key file, or "" for the person's own agent."""

    def __init__(self, given: dict[str, str]) -> None:
        self._given = given
        self._directory = ""  # made when it is needed
        self._processes: list[subprocess.Popen[bytes]] = []
        self._servers: list[socket.socket] = []
        self._upstream: dict[str, str] = {}
        self._lock = threading.Lock()

    def knows(self, id: str) -> bool:
        return id in self._given

    def socket(self, id: str, *, uid: int, gid: int, mode: int) -> str:
        """A socket for one step. NotFound for an agent that is not there; Unsupported where ssh-agent is missing."""
        upstream = self._agent(id)
        path = f"{self._directory}/{os.urandom(6).hex()}"
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _short(path) as short:
            server.bind(short)
        os.chown(path, uid, gid)
        os.chmod(path, mode)
        server.listen(8)
        self._servers.append(server)
        threading.Thread(target=_serve, args=(server, upstream), daemon=True).start()
        return path

    def close(self) -> None:
        for server in self._servers:
            server.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
            server.close()
        for process in self._processes:
            process.terminate()
            process.wait()
        if self._directory:
            erase(self._directory)

    def _agent(self, id: str) -> str:
        with self._lock:
            if not self._directory:
                self._directory = rundir.make(0o711)
            if id not in self._upstream:
                self._upstream[id] = self._find(id)
            return self._upstream[id]

    def _find(self, id: str) -> str:
        path = self._given[id] or os.environ.get("SSH_AUTH_SOCK", "")
        if not path:
            raise NotFound(
                f"ssh agent {id}: SSH_AUTH_SOCK is not set",
                hint="start ssh-agent, or name a key file",
            )
        try:
            mode = os.stat(path).st_mode
        except OSError as err:
            raise NotFound(f"ssh agent {id}: {path}: {err.strerror}") from err
        return path if stat.S_ISSOCK(mode) else self._start(path)

    def _start(self, key: str) -> str:
        """An agent that holds one key file."""
        path = f"{self._directory}/agent-{os.urandom(4).hex()}"
        try:
            process = subprocess.Popen(
                ["ssh-agent", "-D", "-a", path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            self._processes.append(process)
            rundir.note_process(self._directory, process.pid)
            _await(path)
            environ = {**os.environ, "SSH_AUTH_SOCK": path}
            done = subprocess.run(
                ["ssh-add", "-q", key],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise Unsupported(
                f"ssh key {key}: ssh-agent and ssh-add are missing",
                hint="install the OpenSSH client",
            ) from None
        if done.returncode:
            raise InvalidArgument(
                f"ssh key {key}: {done.stderr.decode('utf-8', 'replace').strip()}"
            )
        return path


def _await(path: str) -> None:
    import time

    for _ in range(200):
        if os.path.exists(path):
            return
        time.sleep(0.01)


@contextmanager
def _short(path: str) -> Iterator[str]:
    """Another name of a socket: an address holds 107 bytes (unix(7)), which a state directory may well exceed."""
    fd = os.open(os.path.dirname(path) or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{os.path.basename(path)}"
    finally:
        os.close(fd)


def _serve(server: socket.socket, upstream: str) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return  # closed: the build is over
        threading.Thread(target=_forward, args=(client, upstream), daemon=True).start()


def _forward(client: socket.socket, upstream: str) -> None:
    """Carry what one connection says to the agent, and its answers back."""
    with client, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as agent:
        try:
            with _short(upstream) as short:
                agent.connect(short)
        except OSError:
            return
        back = threading.Thread(target=_copy, args=(agent, client), daemon=True)
        back.start()
        _copy(client, agent)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
