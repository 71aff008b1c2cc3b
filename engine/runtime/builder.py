"""The builder: a process that brings containers to life and hands them over to their shims.

A process that executes Python for the first time pays for every page of memory that it touches, and owns it from then on.
So a shim, of which there are many, does not build; the launcher's few builders do, one container after another, and are
warm from the second on. Only the first process itself must be the shim's child, so the shim makes it (``handover``).
A shim whose container starts again forks a builder of its own.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import NoReturn

from engine import paths
from engine.kernel import descriptors, pidfd
from engine.kernel.cgroup import grace
from engine.runtime import birth, claim, faults, messages, output, sandbox, status
from engine.runtime.bundle import Bundle, load
from engine.runtime.drivers import options
from engine.runtime.sandbox import Surroundings
from engine.runtime.status import Status
from engine.state import journal
from schemas.errors import EngineError, Failed, PycomposeError

# Descriptors that fit into one message.
_BATCH = 8
# How long a command may think before it starts something, in seconds.
_OPEN = 1.0


def listen(id: str) -> int:
    """The control socket, on which the shim will answer."""
    server = messages.listen(f"{paths.runtime_dir(id)}/ctl.sock")
    os.chdir("/")
    return server.detach()


def work(jobs: messages.Socket, *, first: bool) -> NoReturn:
    """Build what shims ask for, until nobody is left who could ask. The ``first`` of several shortens the first start."""
    if first:
        _keep_open(jobs)
    while True:
        job, fds = messages.receive_plain(jobs)
        if job is None:
            os._exit(0)
        shim = messages.endpoint(fds[0])
        build(job["id"], shim, None)
        shim.close()


def _keep_open(jobs: messages.Socket) -> None:
    """Until there is something to build, spare the first process the wait for its control group."""
    path = grace.own_file()
    deadline = time.monotonic() + _OPEN
    waiting = select.poll()
    waiting.register(jobs.fileno(), select.POLLIN)
    while path is not None and time.monotonic() < deadline and not waiting.poll(grace.EVERY * 1000):
        if not grace.move(path):
            return


def fork(id: str, netns: int) -> messages.Socket:
    """A builder of one's own, for a new run in surroundings that are there: where its messages come from."""
    ours, theirs = messages.pair()
    if os.fork() == 0:
        try:
            # The lock ends with the shim, so nobody else may hold it open.
            signal.set_wakeup_fd(-1)
            descriptors.close_all_but((theirs.fileno(), netns))
            build(id, theirs, netns)
        finally:
            os._exit(0)
    theirs.close()
    return ours


def build(id: str, shim: messages.Socket, netns: int | None) -> None:
    """Build one container and hand it over; what fails is undone and told. ``netns`` None: everything is to be made."""
    builder: _Builder | None = None
    try:
        builder = _Builder(_load(id), shim)
        builder.run(netns)
    except EngineError as err:
        _tell(shim, err)
    except OSError as err:
        about = f"{err.filename}: " if err.filename else ""
        _tell(shim, Failed(about + os.strerror(err.errno or 0)))
    except Exception as err:  # noqa: BLE001 - this process has others to build, and the log must say why
        faults.note_exception(id)
        _tell(shim, Failed(f"{type(err).__name__}: {err}"))
    finally:
        if builder is not None:
            builder.close()


def _load(id: str) -> Bundle:
    try:
        return load(id)
    except FileNotFoundError:
        raise claim.gone(id) from None


def _tell(shim: messages.Socket, error: EngineError) -> None:
    try:
        messages.send_plain(shim, messages.from_error(error))
    except OSError:
        pass  # the shim was killed meanwhile


class _Builder:
    def __init__(self, bundle: Bundle, shim: messages.Socket) -> None:
        self._bundle = bundle
        self._shim = shim
        self._given: list[tuple[str, int]] = []  # kind and descriptor of what the shim gets

    def run(self, netns: int | None) -> None:
        """Build, and hand over when the program runs. What fails is undone and raised."""
        bundle = self._bundle
        fresh, before = netns is None, Status()
        if fresh:
            self._give("lock", claim.lock(bundle["id"]))
            self._give("control", listen(bundle["id"]))
            sandbox.make_group(bundle)
            # Before anything runs: the first process may be killed while we are still on our way to show it.
            before = Status(oom_kills=sandbox.group(bundle).oom_kills())
            netns = sandbox.make_namespace(bundle)
            if netns >= 0:
                self._give("netns", netns)
        assert netns is not None
        made = Surroundings(netns)
        ours, theirs = messages.pair()
        try:
            pid = self._first(netns, theirs)
            try:
                if fresh:
                    made = sandbox.make_network(bundle, netns)
                    self._give_sockets(made)
                messages.send(ours, {"go": True})
                self._await(ours)
            except BaseException:
                _kill(pid)
                if fresh:
                    sandbox.undo(bundle, made)
                raise
        finally:
            ours.close()
        if fresh:
            show_running(bundle, before, pid, tuple(binding for binding, _ in made.ports))
        self._hand_over(pid, made)

    def close(self) -> None:
        """Let go of what the shim has by now, or nobody needs."""
        for _, fd in self._given:
            os.close(fd)
        self._given.clear()

    def _give(self, kind: str, fd: int) -> None:
        self._given.append((kind, fd))

    def _give_sockets(self, made: Surroundings) -> None:
        if made.resolver is not None:
            self._given += zip(("udp", "tcp"), made.resolver, strict=True)
        self._given += [("port", fd) for _, fd in made.ports]

    def _first(self, netns: int, sync: messages.Socket) -> int:
        """The pid of the first process, which the shim has made of what we give it."""
        stdio = self._stdio()
        plan = birth.plan(self._bundle, netns)
        try:
            fds = (sync.fileno(), *stdio, *plan.fds)
            messages.send_plain(self._shim, {"birth": plan.words}, fds)
            sync.close()
            reply, _ = messages.receive_plain(self._shim)
        finally:
            for fd in {*stdio, *plan.borrowed}:
                os.close(fd)
        if reply is None:
            raise Failed("the shim was killed while it was starting")
        if "error" in reply:
            raise as_engine_error(messages.to_error(reply))
        return int(reply["pid"])

    def _stdio(self) -> tuple[int, int, int]:
        """What the first process gets as stdin, stdout and stderr."""
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        if self._bundle["tty"]:
            return null, null, null
        pipes = output.make_pipes(self._bundle["id"])
        stdout, stderr = pipes.container
        self._given += zip(("out", "err"), pipes.ours, strict=True)
        if not self._bundle["stdin_open"]:
            return null, stdout, stderr
        os.close(null)
        stdin, end = os.pipe2(os.O_CLOEXEC)
        self._given.append(("stdin", end))
        return stdin, stdout, stderr

    def _await(self, sync: messages.Socket) -> None:
        """Until the first process says that it has a terminal, that it failed, or (by hanging up) that its program runs."""
        while True:
            message, fds = messages.receive(sync)
            if message is None:
                return
            if "error" in message:
                raise as_engine_error(messages.to_error(message))
            self._given.append(("terminal", fds[0]))

    def _hand_over(self, pid: int, made: Surroundings) -> None:
        kinds = [kind for kind, _ in self._given]
        fds = [fd for _, fd in self._given]
        for index in range(0, len(fds), _BATCH):
            part = slice(index, index + _BATCH)
            messages.send_plain(self._shim, {"kinds": kinds[part]}, tuple(fds[part]))
        messages.send_plain(
            self._shim,
            {
                "pid": pid,
                "name": self._bundle["name"],
                "place": sandbox.place(self._bundle),
                "bindings": [binding for binding, _ in made.ports],
                "health": bool(self._bundle["healthcheck"]),
                "memory": bool(self._bundle["cgroup"]["limits"].get("memory")),
                "logging": tuple(options.plan(self._bundle["logging"])),
            },
        )


def show_running(
    bundle: Bundle, before: Status, pid: int, ports: tuple[tuple[str, int, int, str], ...]
) -> None:
    """Show that it runs: state, what a reboot will find, event. ``before``: the run before this one, whose counts go on."""
    now = before._replace(
        state="running",
        health="starting" if bundle["healthcheck"] else "",
        pid=pid,
        start_time=pidfd.start_time(pid),
        started=time.time(),
        error="",
        oom_killed=False,
        ports=ports,
        health_log=(),
    )
    # In this order: what says that the last run has no end is no news while this one is shown.
    status.write(bundle["id"], now)
    status.write_last(bundle["id"], now)
    record(bundle, "start")


def record(bundle: Bundle, action: str, **attributes: str) -> None:
    """Put an event of this container into the journal."""
    about = {**bundle["labels"], "name": bundle["name"], "image": bundle["image"], **attributes}
    journal.append("container", action, bundle["id"], about)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def as_engine_error(error: PycomposeError) -> EngineError:
    """An error that came as a message, as what builders and shims raise."""
    return error if isinstance(error, EngineError) else Failed(error.message, hint=error.hint)
