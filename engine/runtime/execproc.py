"""Further processes in the container, on request: pipes or a terminal for the client, the exit code when it ends."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import Any

from engine.kernel import caps as capabilities
from engine.runtime import birth, messages
from engine.runtime.bundle import Bundle, load_filter
from engine.runtime.loop import Loop
from engine.runtime.program import Program
from schemas.errors import EngineError, Failed, PycomposeError

Ended = Callable[[int], None]
_CHUNK = 65536


class Processes:
    """Children of the shim beside the container's first process, by pid."""

    def __init__(self, loop: Loop, load_bundle: Callable[[], Bundle]) -> None:
        self._loop = loop
        self._load_bundle = load_bundle
        self._ended: dict[int, Ended] = {}

    def reaped(self, pid: int, code: int) -> None:
        """A child has ended; one that is not ours is a stranger's orphan."""
        ended = self._ended.pop(pid, None)
        if ended is not None:
            ended(code)

    def program(self, spec: dict[str, Any]) -> Program:
        """What ``spec`` (an ExecSpec) means in this container."""
        bundle = self._load_bundle()
        privileged = spec.get("privileged") or bundle["privileged"]
        held = capabilities.permitted() if privileged else frozenset(bundle["caps"])
        tty = bool(spec.get("tty"))
        env = [*bundle["env"], *(["TERM=xterm"] if tty else [])]
        given = spec.get("environment") or {}
        taken = tuple(f"{key}=" for key, value in given.items() if value is None)
        env = [word for word in env if not word.startswith(taken)] if taken else env
        env += [f"{key}={value}" for key, value in given.items() if value is not None]
        asked = spec.get("user")
        return Program(
            argv=spec["command"],
            env=env,
            cwd=spec.get("working_dir") or bundle["cwd"],
            user=asked or bundle["user"],
            # Groups go with the service's own user; another one brings those of the image's group file.
            group_add=[] if asked else bundle["group_add"],
            caps=held,
            filter=load_filter(bundle),
            no_new_privs=bundle["no_new_privs"],
            rlimits=bundle["rlimits"],
            tty=tty,
            console=False,
            init=False,
            size=(int(spec.get("rows") or 0), int(spec.get("columns") or 0)),
        )

    def start(
        self,
        leader: tuple[int, int],
        program: Program,
        stdio: tuple[int, int, int],
        *,
        running: Callable[[int, int], None],
        failed: Callable[[PycomposeError], None],
        ended: Ended,
    ) -> None:
        """Start ``program`` beside ``leader`` (pid, pidfd). ``running`` gets its pid and its terminal (or -1)."""
        # The launcher has frozen what was there: only what comes from now on is looked at, and not while it only waits.
        gc.enable()
        child = birth.further(self._load_bundle(), *leader, program, stdio)
        terminal = -1
        state = {"failed": False}

        def arrived() -> None:
            nonlocal terminal
            message, fds = messages.receive(child.sync)
            if message is not None and "tty" in message:
                terminal = fds[0]
                return
            self._loop.forget(child.sync.fileno())
            child.sync.close()
            if message is None:
                running(child.pid, terminal)
                return
            state["failed"] = True
            if terminal >= 0:
                os.close(terminal)
            failed(messages.to_error(message))

        def over(code: int) -> None:
            # Its last words may still wait in the socket.
            while child.sync.fileno() >= 0:
                arrived()
            if not state["failed"]:
                ended(code)

        self._ended[child.pid] = over
        self._loop.on_read(child.sync.fileno(), arrived)


class Exec:
    """One ``exec`` of a client, over the client's connection.

    The process outlives its client: what the client read from is kept open, and read from here when it has left.
    """

    def __init__(self, loop: Loop, connection: messages.Socket, gone: Callable[[], None]) -> None:
        self._loop = loop
        self._connection = connection
        self._gone = gone
        self._given: tuple[int, ...] = ()
        self._kept: list[int] = []

    def begin(self, processes: Processes, leader: tuple[int, int], spec: dict[str, Any]) -> None:
        """Start it; failures are replied."""
        program = processes.program(spec)
        own: list[int] = []
        if program.tty or spec.get("detach"):
            null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
            own, stdio = [null], (null, null, null)
        else:
            stdin, stdin_end = os.pipe2(os.O_CLOEXEC)
            out_end, stdout = os.pipe2(os.O_CLOEXEC)
            err_end, stderr = os.pipe2(os.O_CLOEXEC)
            own, stdio = [stdin, stdout, stderr], (stdin, stdout, stderr)
            self._given = (stdin_end, out_end, err_end)
            self._keep(out_end, err_end)
        try:
            processes.start(
                leader,
                program,
                stdio,
                running=self._running,
                failed=self._failed,
                ended=self._over,
            )
        except (EngineError, OSError) as err:
            self._failed(err if isinstance(err, EngineError) else Failed(str(err)))
        finally:
            for fd in own:
                os.close(fd)

    def _running(self, pid: int, terminal: int) -> None:
        if terminal >= 0:
            self._given = (terminal,)
            self._keep(terminal)
        self._send({"pid": pid, "tty": terminal >= 0}, self._given)
        self._close_given()

    def _failed(self, error: PycomposeError) -> None:
        self._close_given()
        self._drop()
        self._send(messages.from_error(error))
        self._gone()

    def _over(self, code: int) -> None:
        self._send({"exit": code})
        self._drop()
        self._gone()

    def left(self) -> None:
        """The client has gone: a process that goes on must not be stopped by a full pipe or a closed terminal."""
        for fd in self._kept:
            self._loop.on_read(fd, lambda fd=fd: self._discard(fd))  # type: ignore[misc]

    def _keep(self, *fds: int) -> None:
        self._kept += [os.dup(fd) for fd in fds]

    def _discard(self, fd: int) -> None:
        try:
            if os.read(fd, _CHUNK):
                return
        except OSError:  # EIO: nobody has the terminal any more
            pass
        self._loop.forget(fd)
        self._kept.remove(fd)
        os.close(fd)

    def _drop(self) -> None:
        for fd in self._kept:
            self._loop.forget(fd)
            os.close(fd)
        self._kept.clear()

    def _close_given(self) -> None:
        for fd in self._given:
            os.close(fd)
        self._given = ()

    def _send(self, message: messages.Message, fds: tuple[int, ...] = ()) -> None:
        try:
            messages.send(self._connection, message, fds)
        except OSError:
            pass  # the client has gone; the process goes on
