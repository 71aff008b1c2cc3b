"""The launcher: a small single-threaded process that forks shims on request and ends with its command.

A command forks it as its first act (``prepare``), before threads and heavy imports, so that a shim owns one megabyte and
not the command's forty, and so that nobody ever forks with threads. A command that did not (a library, a reading verb
that finds a lost shim) starts it as a fresh interpreter when it is first needed.
"""

from __future__ import annotations

import _thread
import os
from typing import NoReturn

from engine.kernel import descriptors
from engine.runtime import fresh, messages
from schemas.errors import Failed

# What a waiting child says to the launcher.
_TAKEN, _OVER = b"1", b"0"
# Processes that build. More than processors: a builder waits while a first process sets itself up.
_BUILDERS = 3
_POOL = 16384  # bytes, Objects/obmalloc.c
_filling: list[bytes] = []

_channel: messages.Socket | None = None
_starting = _thread.allocate_lock()


def prepare() -> None:
    """Fork the launcher from this process; a no-op when there is one. Only for a process with one thread."""
    global _channel
    if _channel is not None:
        return
    ours, theirs = messages.pair()
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            serve(theirs)
        finally:
            os._exit(0)
    theirs.close()
    _channel = ours


def close() -> None:
    """Let the launcher of this process end; a later start makes a new one."""
    global _channel
    with _starting:
        if _channel is not None:
            _channel.close()
            _channel = None


def start(id: str) -> None:
    """Start the container whose bundle is written; returns when its program runs. StartFailed, Conflict, Failed."""
    _ask("start", id)


def adopt(id: str) -> None:
    """Give a running container a new shim; returns when it serves. A no-op when one lives by then."""
    _ask("adopt", id)


def step(id: str, fds: tuple[int, ...]) -> messages.Socket:
    """Begin the process whose bundle is written, with stdout, stderr and maybe a network namespace; where its exit code
    will come from. Closing that ends the process."""
    ours, theirs = messages.pair()
    try:
        _request({"type": "step", "id": id}, (theirs.fileno(), *fds))
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours


def adopt_if_lost(id: str) -> None:
    """The same, when the container's shim was killed: nobody else would see its output, its health and its end."""
    from engine.runtime import status

    if status.read(id).needs_adoption:
        adopt(id)


def _ask(kind: str, id: str) -> None:
    ours, theirs = messages.pair()
    try:
        _request({"type": kind, "id": id}, (theirs.fileno(),))
        theirs.close()
        reply, _ = messages.receive(ours)
    finally:
        ours.close()
    if reply is None:
        raise Failed(
            f"container {id[:12]}: its supervisor ended unexpectedly while it was starting"
        )
    if "error" in reply:
        raise messages.to_error(reply)


def _request(message: messages.Message, fds: tuple[int, ...]) -> None:
    try:
        messages.send_plain(_launcher(), message, fds)
    except OSError:
        # The launcher was killed: another one does as well.
        messages.send_plain(_launcher(anew=True), message, fds)


def _launcher(*, anew: bool = False) -> messages.Socket:
    global _channel
    with _starting:
        if _channel is None or anew:
            _channel = _spawn()
        return _channel


def _spawn() -> messages.Socket:
    """A launcher as a fresh interpreter: this process may have threads, which a fork would not carry over."""
    ours, theirs = messages.pair()
    os.set_inheritable(theirs.fileno(), True)
    try:
        fresh.spawn("engine.runtime.launcher", f"main({theirs.fileno()})")
    except Failed:
        ours.close()
        raise
    finally:
        theirs.close()
    return ours


def main(fd: int) -> None:
    """Entry of the fresh interpreter."""
    try:
        serve(messages.endpoint(fd))
    finally:
        os._exit(0)


def serve(channel: messages.Socket) -> None:
    """Fork a shim for each request until the command is gone."""
    import signal

    from engine.kernel import title

    _let_go(channel.fileno())
    # A shim, and the container's first process until it executes, are forks of this one.
    title.forget_environment(fresh.KEPT)
    title.set_title("pycompose-launch", "pycompose-launcher")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    # Shims outlive us; nobody waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    import gc

    from engine.kernel import cgroup
    from engine.runtime import builder, step, supervise  # noqa: F401 - loaded before the forks

    cgroup.detect()  # looked at once, known to every child
    gc.collect()
    gc.disable()
    gc.freeze()
    _fill_pools()
    jobs, ends = messages.pair()
    for index in range(_BUILDERS):
        if os.fork() == 0:
            channel.close()
            jobs.close()
            builder.work(ends, first=index == 0)
    ends.close()
    asked, asking = os.pipe2(os.O_CLOEXEC)
    # One child always waits for the next request, and this loop does next to nothing: what a process changes between
    # two forks is memory that its children cannot share.
    while True:
        if os.fork() == 0:
            os.close(asked)
            _await_request(channel, asking, jobs)
        if os.read(asked, 1) != _TAKEN:
            return


def _await_request(channel: messages.Socket, asking: int, jobs: messages.Socket) -> NoReturn:
    """Become the shim of the next container that is asked for; end when the command is gone."""
    from engine.runtime import step, supervise

    message, fds = messages.receive_plain(channel)
    if message is None:
        os.write(asking, _OVER)
        os._exit(0)
    os.write(asking, _TAKEN)
    os.close(asking)
    channel.close()
    if message["type"] == "step":
        step.main(message["id"], fds)
    supervise.main(message["id"], messages.endpoint(fds[0]), jobs, adopt=message["type"] == "adopt")


def _fill_pools() -> None:
    """Use up the gaps that start-up left in the interpreter's memory.

    New objects then share few fresh pages instead of being scattered over hundreds that each child would have to own.
    """
    sizes = range(48, 513, 16)  # what pymalloc serves, in its size classes
    empty = 33  # sys.getsizeof(b"")
    _filling.extend(bytes(size - empty) for size in sizes for _ in range(_POOL // size))


def _let_go(kept: int) -> None:
    """Keep nothing of the command's: neither its terminal and pipes nor any other descriptor."""
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        if fd != kept:
            os.dup2(null, fd)
    if null > 2:
        os.close(null)
    descriptors.close_all_but((kept,))
