"""A running exec or an attached container: its streams as descriptors, carried by threads to and from one connection.

Pipes rather than the connection itself, because output comes in frames, and TLS or ssh may be between.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator

from compose.backends.docker import bodies, containers, errors, records
from compose.backends.docker.client import Client
from compose.backends.docker.frames import Frames, Name
from compose.backends.docker.wire import Response
from schemas.errors import Conflict, EngineError, Failed, InvalidArgument, Unsupported
from schemas.records import ContainerInfo
from schemas.specs import ExecSpec

_CHUNK = 65536
_LAST_WORDS = 2.0  # seconds that output may take to come after its process has ended
_UNSEEN = 255
_BEGIN_EVERY = 0.01  # seconds between looks whether a process has begun
_END_EVERY = (0.02, 0.5)  # the same for its end, while it writes: first and longest


class Channel:
    """``end`` blocks until the process has ended and gives its exit code; ``resize`` and ``signal`` reach it."""

    def __init__(
        self,
        response: Response,
        *,
        tty: bool,
        stdin: bool,
        half_close: bool = True,
        end: Callable[[threading.Thread], int],
        resize: Callable[[int, int], None],
        signal: Callable[[str], None],
    ) -> None:
        self.tty = tty
        self._connection = response.connection
        self._end = end
        self._resize = resize
        self._signal = signal
        self._half_close = half_close
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
                self._code = self._end(self._reader)
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
            if self._half_close:
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
    found = containers.look(client, id)
    info = records.container(found)
    if info.state not in (*containers.ACTIVE, "created"):
        raise Conflict(f'container "{info.name}" is not running')
    query = {"stream": True, "stdout": True, "stderr": True, "stdin": stdin, "logs": logs}
    end = _ending(client, info)
    response = client.wire.upgrade(containers.path(info.id, "attach"), query)
    return Channel(
        response,
        tty=info.tty,
        stdin=stdin,
        # The daemon answers the end of our input with the end of its output, where it does not pass it on.
        half_close=bool(found["Config"].get("StdinOnce")),
        end=end,
        resize=lambda rows, columns: _resize(
            client, containers.path(info.id, "resize"), rows, columns
        ),
        # Not by docker-py: this runs in a signal's handler, and its import takes its time.
        signal=lambda name: _kill(client, info.id, name),
    )


def _ending(client: Client, info: ContainerInfo) -> Callable[[threading.Thread], int]:
    """Wait for the container in a thread from now on: one that removes itself is gone when it is asked later."""
    codes: list[int] = []
    query = {"condition": "next-exit"} if info.state == "created" else {}
    # Once this is answered, no end is missed.
    response = client.wire.stream("POST", containers.path(info.id, "wait"), query)

    def wait() -> None:
        try:
            codes.append(int(json.loads(response.all())["StatusCode"]))
        except (ValueError, KeyError):
            codes.append(_UNSEEN)
        finally:
            response.close()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()

    def end(reader: threading.Thread) -> int:
        thread.join()
        return codes[0]

    return end


def execute(client: Client, id: str, spec: ExecSpec) -> Channel | Detached:
    """Run a further process in the container; Conflict when it does not run, StartFailed when there is no such program."""
    if not spec["command"]:
        raise InvalidArgument("no command to run")
    tty, detach = bool(spec.get("tty")), bool(spec.get("detach"))
    made = client.wire.post(containers.path(id, "exec"), body=bodies.execution(spec))
    path = f"/exec/{made['Id']}"
    body: dict[str, object] = {"Detach": detach, "Tty": tty}
    if spec.get("rows") and spec.get("columns"):
        body["ConsoleSize"] = [spec["rows"], spec["columns"]]
    if detach:
        try:
            client.wire.post(f"{path}/start", body=body)
        except EngineError as error:
            raise errors.not_started(error) from error
        return Detached(lambda: _exec_ended(client, path, None))
    response = client.wire.upgrade(f"{path}/start", body=body)
    try:
        _begun(client, path, response, framed=not tty)
    except BaseException:
        response.close()
        raise

    def signal(name: str) -> None:
        raise Unsupported(
            f"{name}: a daemon sends signals to containers, not to what else runs in them"
        )

    return Channel(
        response,
        tty=tty,
        stdin=bool(spec.get("stdin")),
        end=lambda reader: _exec_ended(client, path, reader),
        resize=lambda rows, columns: _resize(client, f"{path}/resize", rows, columns),
        signal=signal,
    )


def _begun(client: Client, path: str, response: Response, *, framed: bool) -> None:
    """Wait until the program runs. A failure comes as its output, and is told from that by the process there never was."""
    while True:
        found = client.wire.get(f"{path}/json")
        if found.get("Pid"):
            return
        if found.get("ExitCode") is not None:
            break
        time.sleep(_BEGIN_EVERY)
    said = b"".join(data for _, data in _pieces(response, framed=framed))
    text = said.decode("utf-8", "replace").strip()
    raise errors.not_started(Failed(text or "the daemon did not start the program"))


def _exec_ended(client: Client, path: str, reader: threading.Thread | None) -> int:
    """The exit code, once there is one. The API has no wait for it; the end of the output says when to ask."""
    pause = _END_EVERY[0]
    while True:
        found = client.wire.get(f"{path}/json")
        code = found.get("ExitCode")
        if code is not None and not found.get("Running"):
            return int(code)
        if reader is not None and reader.is_alive():
            reader.join(pause)
            pause = min(pause * 2, _END_EVERY[1]) if reader.is_alive() else _END_EVERY[0]
        else:
            time.sleep(pause)


class Detached:
    """A process that nobody is joined to."""

    tty = False

    def __init__(self, end: Callable[[], int]) -> None:
        self._end = end

    def stdin(self) -> int:
        return -1

    def stdout(self) -> int:
        return -1

    def stderr(self) -> int:
        return -1

    def close_stdin(self) -> None:
        """There is none."""

    def resize(self, rows: int, columns: int) -> None:
        """There is no terminal."""

    def signal(self, name: str) -> None:
        raise Unsupported(
            f"{name}: a daemon sends signals to containers, not to what else runs in them"
        )

    def wait(self) -> int:
        return self._end()

    def close(self) -> None:
        """Nothing is open."""


def _resize(client: Client, path: str, rows: int, columns: int) -> None:
    client.wire.post(path, {"h": rows, "w": columns})


def _kill(client: Client, id: str, name: str) -> None:
    client.wire.post(containers.path(id, "kill"), {"signal": name})
