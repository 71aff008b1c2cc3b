"""What a shim does for clients of its control socket: one JSON message a request (``messages``), one reply or more."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine import paths
from engine.runtime import builder, logformat, messages
from engine.runtime.bundle import save
from engine.runtime.execproc import Exec
from engine.runtime.logformat import Decoder
from schemas.errors import Conflict, EngineError, Failed, InvalidArgument

if TYPE_CHECKING:
    from engine.runtime.shim import Shim

# An attach that asks for what was written before gets at most this much of it.
_BACKLOG = 1 << 20


class Server:
    """Accepts, reads, dispatches. A connection that hangs up is forgotten; what it started goes on."""

    def __init__(self, shim: Shim) -> None:
        self._shim = shim
        self._server: messages.Socket | None = None
        self._attached: list[messages.Socket] = []
        self._held: set[messages.Socket] = set()
        self._leaving: dict[
            messages.Socket, Callable[[], None]
        ] = {}  # called when the client has gone

    def listen(self, fd: int) -> None:
        """Serve at the control socket that ``fd`` is."""
        self._server = messages.endpoint(fd)
        self._shim.loop.on_read(fd, self._accept)

    def close(self) -> None:
        """Accept nobody any more."""
        if self._server is not None:
            self._shim.loop.forget(self._server.fileno())
            self._server.close()
            self._server = None

    def ended(self, code: int) -> None:
        """Tell attached clients that the container has ended."""
        for connection in self._attached:
            self._reply(connection, {"exit": code})
            self._hang_up(connection)

    def _accept(self) -> None:
        assert self._server is not None
        try:
            connection = messages.accept(self._server)
        except OSError:
            return  # it has hung up already
        connection.setblocking(True)
        self._held.add(connection)
        self._shim.loop.on_read(connection.fileno(), lambda: self._read(connection))

    def _read(self, connection: messages.Socket) -> None:
        try:
            message, fds = messages.receive(connection)
        except ValueError:
            message, fds = None, []
        if message is None or self._server is None:
            self._hang_up(connection)  # at the end of all: who asks again finds out
            return
        try:
            handler = _HANDLERS.get(message["type"])
            if handler is None:
                raise InvalidArgument(f"unknown request {message['type']}")
            handler(self, connection, message, fds)
        except (EngineError, OSError) as err:
            for fd in fds:
                os.close(fd)
            error = err if isinstance(err, EngineError) else Failed(str(err))
            self._reply(connection, messages.from_error(error))

    def _hang_up(self, connection: messages.Socket) -> None:
        if connection in self._held:
            self._held.discard(connection)
            self._shim.loop.forget(connection.fileno())
            connection.close()
            self._leaving.pop(connection, _nothing)()

    def _reply(
        self, connection: messages.Socket, message: messages.Message, fds: tuple[int, ...] = ()
    ) -> None:
        try:
            messages.send(connection, message, fds)
        except OSError:
            self._hang_up(connection)

    # requests -----------------------------------------------------------------------------------

    def _stop(self, connection: messages.Socket, message: dict[str, Any], fds: list[int]) -> None:
        shim = self._shim
        number = _number(message.get("signal") or shim.load_bundle()["stop_signal"])
        # Shown first and looked at second: whoever finds it running and not stopping may rely on it when the command that
        # wanted it stopped was killed before we read this.
        begun = shim.status.stopping
        shim.show_stopping(True)
        if messages.hung_up(connection):
            shim.show_stopping(begun)
            self._hang_up(connection)
            return
        self._held.discard(connection)
        shim.loop.forget(connection.fileno())
        shim.stop(connection, number, message.get("timeout"))

    def _kill(self, connection: messages.Socket, message: dict[str, Any], fds: list[int]) -> None:
        self._shim.signal(message["signal"])
        self._reply(connection, {"ok": True})

    def _pause(self, connection: messages.Socket, message: dict[str, Any], fds: list[int]) -> None:
        self._shim.pause()
        self._reply(connection, {"ok": True})

    def _unpause(
        self, connection: messages.Socket, message: dict[str, Any], fds: list[int]
    ) -> None:
        self._shim.unpause()
        self._reply(connection, {"ok": True})

    def _connect(
        self, connection: messages.Socket, message: dict[str, Any], fds: list[int]
    ) -> None:
        bundle = self._shim.load_bundle()
        assert self._shim.sandbox is not None
        self._shim.sandbox.connect(bundle, message["endpoint"])
        save(bundle)
        self._reply(connection, {"ok": True})

    def _disconnect(
        self, connection: messages.Socket, message: dict[str, Any], fds: list[int]
    ) -> None:
        bundle = self._shim.load_bundle()
        assert self._shim.sandbox is not None
        self._shim.sandbox.disconnect(bundle, message["network_id"])
        save(bundle)
        self._reply(connection, {"ok": True})

    def _exec(self, connection: messages.Socket, message: dict[str, Any], fds: list[int]) -> None:
        shim = self._shim
        if not shim.leader[0] or shim.status.state != "running":
            raise Conflict(f"container {shim.id[:12]} is not running")
        words = " ".join(message["spec"]["command"])
        builder.record(shim.load_bundle(), f"exec_start: {words}")

        def gone() -> None:
            builder.record(shim.load_bundle(), "exec_die")
            self._hang_up(connection)

        process = Exec(shim.loop, connection, gone)
        self._leaving[connection] = process.left
        process.begin(shim.processes, shim.leader, message["spec"])

    def _attach(self, connection: messages.Socket, message: dict[str, Any], fds: list[int]) -> None:
        """Join the container's streams: descriptors out, the exit code at the end."""
        shim = self._shim
        bundle = shim.load_bundle()
        backlog = _backlog(shim.id) if message.get("logs") else {}
        if bundle["tty"]:
            given = self._attach_terminal(backlog)
        else:
            given = self._attach_pipes(
                backlog, stdin=bool(message.get("stdin")), once=bundle["stdin_once"]
            )
        self._attached.append(connection)
        self._reply(connection, {"tty": bundle["tty"]}, tuple(given))
        for fd in given:
            os.close(fd)

    def _attach_pipes(self, backlog: dict[int, bytes], *, stdin: bool, once: bool) -> list[int]:
        shim = self._shim
        out_end, stdout = os.pipe2(os.O_CLOEXEC)
        err_end, stderr = os.pipe2(os.O_CLOEXEC)
        shim.output.attach({logformat.STDOUT: stdout, logformat.STDERR: stderr}, backlog)
        if not stdin or shim.stdin < 0:
            return [out_end, err_end]
        source = os.dup(shim.stdin)
        if once:
            # The client's is the only end now: when it closes, the container reads the end.
            os.close(shim.stdin)
            shim.stdin = -1
        return [out_end, err_end, source]

    def _attach_terminal(self, backlog: dict[int, bytes]) -> list[int]:
        """A stream of both directions, joined to the terminal's master."""
        import _socket

        shim = self._shim
        ours, theirs = _socket.socketpair(
            _socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC
        )
        given = theirs.detach()
        source = ours.detach()
        shim.output.attach({logformat.STDOUT: source}, backlog)
        typed = os.dup(source)
        os.set_blocking(typed, False)

        def type_in() -> None:
            try:
                data = os.read(typed, 4096)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                shim.loop.forget(typed)
                os.close(typed)
            elif shim.terminal >= 0:
                try:
                    os.write(shim.terminal, data)
                except OSError:
                    pass  # its input queue is full, or it has just ended

        shim.loop.on_read(typed, type_in)
        return [given]

    def _resize(self, connection: messages.Socket, message: dict[str, Any], fds: list[int]) -> None:
        self._shim.resize(int(message["rows"]), int(message["columns"]))
        self._reply(connection, {"ok": True})


_HANDLERS = {
    "stop": Server._stop,
    "kill": Server._kill,
    "pause": Server._pause,
    "unpause": Server._unpause,
    "connect": Server._connect,
    "disconnect": Server._disconnect,
    "exec": Server._exec,
    "attach": Server._attach,
    "resize": Server._resize,
}


def _nothing() -> None:
    pass


def _number(name: str | int) -> int:
    if isinstance(name, int) or name.isdecimal():
        return int(name)
    word = name if name.startswith("SIG") else f"SIG{name}"
    base, _, offset = word.partition("+")
    if base in ("SIGRTMIN",) and offset.isdecimal():
        return int(signal.SIGRTMIN) + int(offset)
    return signal.Signals[word].value


def _backlog(id: str) -> dict[int, bytes]:
    """The last bytes of the container's log, by stream."""
    found: dict[int, bytes] = {}
    try:
        with open(f"{paths.container_dir(id)}/log", "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return found
    try:
        for frame in Decoder().feed(data):
            found[frame.stream] = (found.get(frame.stream, b"") + frame.data)[-_BACKLOG:]
    except ValueError:
        pass  # a damaged log has no end to show
    return found
