"""A running exec or an attached container: its streams as descriptors, carried by threads to and from one connection.

Pipes rather than the connection itself, because output comes in frames, and TLS or ssh may be between.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

from compose.backends.docker import bodies, containers
from compose.backends.docker.client import Client
from compose.backends.docker.frames import Frames, Name
from compose.backends.docker.wire import Response, quote
from schemas.errors import Conflict, EngineError, InvalidArgument, Unsupported
from schemas.records import ContainerInfo
from schemas.specs import ExecSpec

_CHUNK = 65536
_LAST_WORDS = 2.0  # seconds that output may take to come after its process has ended
_UNSEEN = 255


class Channel:
    """``end`` blocks until the process has ended and gives its exit code; ``resize`` and ``signal`` reach it."""

    def __init__(
        self,
        response: Response,
        *,
        tty: bool,
        stdin: bool,
        end: Callable[[], int],
        resize: Callable[[int, int], None],
        signal: Callable[[str], None],
    ) -> None:
        self.tty = tty
        self._connection = response.connection
        self._end = end
        self._resize = resize
        self._signal = signal
        self._code: int | None = None
        self._waiting = threading.Lock()
        self._stdout, out = os.pipe()
        self._stderr, err = (-1, -1) if tty else os.pipe()
        self._stdin = -1
        self._reader = threading.Thread(
            target=self._carry_out, args=(response, out, err), daemon=True
        )
        self._reader.start()
        if stdin:
            source, self._stdin = os.pipe()
            threading.Thread(target=self._carry_in, args=(source,), daemon=True).start()

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
        if self.tty:
            self._resize(rows, columns)

    def signal(self, name: str) -> None:
        self._signal(name)

    def wait(self) -> int:
        """The exit code. What a process in the background may still write is waited for only a moment."""
        with self._waiting:
            if self._code is None:
                self._code = self._end()
                self._reader.join(_LAST_WORDS)
                if self._reader.is_alive():
                    self._connection.end()
        return self._code

    def close(self) -> None:
        self._connection.end()
        for fd in {self._stdin, self._stdout, self._stderr} - {-1}:
            os.close(fd)
        self._stdin = self._stdout = self._stderr = -1

    def _carry_out(self, response: Response, out: int, err: int) -> None:
        sinks: dict[Name, int] = {"stdout": out, "stderr": err}
        try:
            for stream, data in _pieces(response, framed=not self.tty):
                _write(sinks[stream], data)
        except OSError:
            pass  # whoever read our end has gone
        finally:
            for fd in sinks.values():
                if fd >= 0:
                    os.close(fd)
            response.close()

    def _carry_in(self, source: int) -> None:
        try:
            while data := os.read(source, _CHUNK):
                self._connection.write(data)
            self._connection.end_input()
        except (EngineError, OSError):
            pass  # the process reads no more
        finally:
            os.close(source)


def _pieces(response: Response, *, framed: bool) -> Iterator[tuple[Name, bytes]]:
    frames = Frames()
    while data := response.read():
        if framed:
            yield from frames.feed(data)
        else:
            yield "stdout", data


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def attach(client: Client, id: str, *, stdin: bool, logs: bool) -> Channel:
    """The container's own streams. One that is made and not started is attached to before it starts; Conflict when it has
    ended."""
    info = containers.get(client, id)
    if info.state not in (*containers.ACTIVE, "created"):
        raise Conflict(f'container "{info.name}" is not running')
    query = {"stream": True, "stdout": True, "stderr": True, "stdin": stdin, "logs": logs}
    response = client.wire.upgrade(containers.path(info.id, "attach"), query)
    return Channel(
        response,
        tty=info.tty,
        stdin=stdin,
        end=_ending(client, info),
        resize=lambda rows, columns: _resize(
            client, containers.path(info.id, "resize"), rows, columns
        ),
        signal=lambda name: containers.kill(client, info.id, signal=name),
    )


def _ending(client: Client, info: ContainerInfo) -> Callable[[], int]:
    """Wait for the container in a thread from now on: one that removes itself is gone when it is asked later."""
    codes: list[int] = []
    created = info.state == "created"

    def wait() -> None:
        import json

        query = {"condition": "next-exit"} if created else {}
        try:
            response = client.wire.stream("POST", containers.path(info.id, "wait"), query)
            try:
                codes.append(int(json.loads(response.all())["StatusCode"]))
            finally:
                response.close()
        except (EngineError, ValueError, KeyError):
            codes.append(_UNSEEN)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()

    def end() -> int:
        thread.join()
        return codes[0]

    return end


def execute(client: Client, id: str, spec: ExecSpec) -> Channel:
    """Run a further process in the container; Conflict when it does not run."""
    if not spec["command"]:
        raise InvalidArgument("no command to run")
    made = client.wire.post(containers.path(id, "exec"), body=bodies.execution(spec))
    path = f"/exec/{made['Id']}"
    tty = bool(spec.get("tty"))
    body = {"Detach": bool(spec.get("detach")), "Tty": tty}
    if spec.get("detach"):
        client.wire.post(f"{path}/start", body=body)
        response = None
    else:
        response = client.wire.upgrade(f"{path}/start", body=body)

    def end() -> int:
        reader.join()
        found = client.wire.get(f"{path}/json")
        code = found.get("ExitCode")
        return _UNSEEN if code is None else int(code)

    def signal(name: str) -> None:
        raise Unsupported(f"{name}: a daemon sends signals to containers, not to what runs in them")

    assert response is not None
    channel = Channel(
        response,
        tty=tty,
        stdin=bool(spec.get("stdin")),
        end=end,
        resize=lambda rows, columns: _resize(client, f"{path}/resize", rows, columns),
        signal=signal,
    )
    reader = channel._reader
    return channel


def _resize(client: Client, path: str, rows: int, columns: int) -> None:
    client.wire.post(path, {"h": rows, "w": columns})


def exec_path(id: str) -> str:
    return f"/exec/{quote(id)}"
