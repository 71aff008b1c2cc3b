"""A process that runs to its end in a container of the moment: a build's RUN. No record, no supervisor, no second start.

Forked by the launcher like a shim. It makes the control group and the first process, waits, and tells how it ended. When
whoever asked is gone, so is the process.
"""

from __future__ import annotations

import os
import select
import signal
from typing import NoReturn

from engine.kernel import pidfd
from engine.runtime import birth, messages, sandbox
from engine.runtime.bundle import Bundle, load
from schemas.errors import EngineError, Failed

# Descriptors that come with a request: the asker's socket, stdout, stderr, and maybe a network namespace.
_NETNS = 3


def main(id: str, fds: list[int]) -> NoReturn:
    """Run the bundle ``id``; the answer is its exit code, or the error that kept it from running."""
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    asker = messages.endpoint(fds[0])
    reply: messages.Message
    try:
        bundle = load(id)
        netns = fds[_NETNS] if len(fds) > _NETNS else -1
        reply = {"code": _run(bundle, asker, fds[1], fds[2], netns)}
    except EngineError as err:
        reply = messages.from_error(err)
    except OSError as err:
        reply = messages.from_error(Failed(f"{err.filename or ''}: {os.strerror(err.errno or 0)}"))
    try:
        messages.send_plain(asker, reply)
    except OSError:
        pass  # nobody is left to be told
    os._exit(0)


def _run(bundle: Bundle, asker: messages.Socket, stdout: int, stderr: int, netns: int) -> int:
    group = sandbox.group(bundle)
    sandbox.make_group(bundle)
    try:
        if netns < 0:
            netns = sandbox.make_namespace(bundle)
        ours, theirs = messages.pair()
        pid = _first(bundle, theirs, (stdout, stderr), netns)
        leader = pidfd.pidfd_open(pid)
        try:
            messages.send(ours, {"go": True})
            return _watch(pid, leader, ours, asker)
        finally:
            _end(pid)
            os.close(leader)
            ours.close()
    finally:
        if group.processes():
            group.kill()
        group.remove()


def _first(bundle: Bundle, sync: messages.Socket, output: tuple[int, int], netns: int) -> int:
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    plan = birth.plan(bundle, netns)
    try:
        return birth.first(bundle["id"], plan.words, [sync.fileno(), null, *output, *plan.fds])
    finally:
        sync.close()
        os.close(null)
        for fd in {*output, *plan.borrowed}:
            os.close(fd)


def _watch(pid: int, leader: int, sync: messages.Socket, asker: messages.Socket) -> int:
    """Until it has ended; its exit code (128 + n for signal n). Raises what kept it from starting."""
    poll = select.poll()
    for fd in (leader, sync.fileno(), asker.fileno()):
        poll.register(fd, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == sync.fileno():
                message, _ = messages.receive(sync)
                if message is None:
                    poll.unregister(fd)
                elif "error" in message:
                    raise _engine_error(message)
            elif fd == asker.fileno():
                raise Failed("the build was given up")
            else:
                # A failure is told before the process ends.
                message, _ = messages.receive(sync)
                if message is not None and "error" in message:
                    raise _engine_error(message)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                return code if code >= 0 else 128 - code


def _end(pid: int) -> None:
    """Kill, unless it has been waited for already."""
    try:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def _engine_error(message: messages.Message) -> EngineError:
    error = messages.to_error(message)
    return error if isinstance(error, EngineError) else Failed(error.message, hint=error.hint)
