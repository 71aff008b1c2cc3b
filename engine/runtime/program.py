"""The last steps before a program runs, inside the container's root: terminal, limits, identity, filter, execve.

Both the container's own process and a further one (``exec``, health checks) go this way. Nothing may be imported here at
run time: the modules of the host are out of reach.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from engine.kernel import caps, prctl, pty, seccomp, title, ulimits
from engine.runtime import messages, rootdev, user
from schemas.errors import Conflict, EngineError, StartFailed
from schemas.specs import Ulimit
from schemas.typed import NamedTuple

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOT_FOUND, NOT_EXECUTABLE, FAILED = 127, 126, 128
# Why execve(2) refuses a file that is there: the fault is the file's, not the machine's.
_EXEC_HINTS = {
    errno.EACCES: "its file is not executable (chmod +x), or on a mount with noexec",
    errno.ENOEXEC: 'it is a script without a "#!" line, or built for another machine',
    errno.ENOENT: 'the interpreter on its "#!" line, or the loader it was linked for, is missing',
}
_CHANGED = (
    signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT,
)  # fmt: skip


class Program(NamedTuple):
    argv: list[str]
    env: list[str]  # "K=V"
    cwd: str
    user: str
    group_add: list[str]
    caps: frozenset[int]
    filter: bytes  # b"" for none
    no_new_privs: bool
    rlimits: dict[str, Ulimit]
    tty: bool
    console: bool  # the terminal is the container's /dev/console, too
    init: bool  # a process of ours stays as its parent and reaps
    size: tuple[int, int] = (0, 0)  # rows and columns of the terminal, set before the program can look


def confined(sync: messages.Socket, life: Callable[[], None]) -> NoReturn:
    """Live ``life`` in a process that was just cloned, and end with it, whatever happens.

    What fails goes to ``sync`` as a message; its end without one means that the program runs. Code of Python is loaded no
    more: the files at its places will be the container's.
    """
    try:
        for places in (sys.meta_path, sys.path_hooks, sys.path):
            places.clear()
        life()
    except (StartFailed, Conflict) as err:
        _report(sync, err)
    except EngineError as err:
        _report(sync, _failed(err.message, "process", err.hint))
    except OSError as err:
        about = f"{err.filename}: " if err.filename else ""
        _report(sync, _failed(about + os.strerror(err.errno or 0), "process", None))
    except BaseException as err:  # noqa: BLE001 - beyond it is the shim's code, with all its rights
        _report(sync, _failed(f"{type(err).__name__}: {err}", "process", None))
    finally:
        os._exit(FAILED)


def execute(program: Program, sync: messages.Socket, ready: Callable[[], None]) -> NoReturn:
    """Become the program, within ``confined``. StartFailed, EngineError or OSError when it cannot be.

    ``ready`` is called when only the program itself is left to do (the network is awaited there).
    """
    _become(program, sync, ready)


def _report(sync: messages.Socket, error: EngineError) -> None:
    try:
        messages.send(sync, messages.from_error(error))
    except OSError:
        pass  # nobody is left to be told


def _failed(message: str, step: str, hint: str | None) -> StartFailed:
    error = StartFailed(message, step=step, hint=hint)
    error.exit_code = FAILED
    return error


def _become(program: Program, sync: messages.Socket, ready: Callable[[], None]) -> NoReturn:
    who = user.resolve(program.user, program.group_add, _read("/etc/passwd"), _read("/etc/group"))
    env = _environment(program.env, who.home)
    os.setsid()
    if program.tty:
        _terminal(program, sync, who.uid)
    else:
        _own_null()
        _own_stdio(who.uid)
    os.umask(0o022)
    ulimits.apply(program.rlimits)
    ready()
    _chdir(program.cwd)
    if program.init:
        title.set_title("init", "init")  # as long as we may
    if program.no_new_privs:
        prctl.no_new_privs()
    if program.filter:
        seccomp.load(program.filter)
    caps.become(who.uid, who.gid, who.groups, program.caps)
    if program.init:
        _init(sync)
    path = _find(program.argv[0], env.get("PATH", DEFAULT_PATH), program.cwd)
    _reset_signals()
    try:
        os.execve(path, program.argv, env)
    except OSError as err:
        raise _exec_error(program.argv[0], err.errno or 0, there=os.path.exists(path)) from err


def _environment(words: list[str], home: str) -> dict[str, str]:
    env = {}
    for word in words:
        key, _, value = word.partition("=")
        env[key] = value
    if not env.get("HOME"):
        env["HOME"] = home
    return env


def _terminal(program: Program, sync: messages.Socket, uid: int) -> None:
    """A new terminal of the container as ours; its master goes to the shim."""
    master, path = pty.open_pty(None)
    slave = pty.open_peer(master)
    if all(program.size):
        pty.set_size(master, *program.size)
    os.fchown(slave, uid, -1)
    pty.make_controlling(slave)
    for fd in (0, 1, 2):
        os.dup2(slave, fd)
    if program.console:
        rootdev.mount_console(path)
    messages.send(sync, {"tty": path}, (master,))
    os.close(master)
    if slave > 2:
        os.close(slave)


def _own_null() -> None:
    """Put the container's own null device where the host's is: through a descriptor its mode and owner can be changed."""
    for fd in (0, 1, 2):
        if not rootdev.is_null(os.fstat(fd)):
            continue
        own = os.open(os.devnull, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        if not rootdev.is_null(os.fstat(own)):
            raise _failed("/dev/null of the container is another file", "process", None)
        os.dup2(own, fd)
        os.close(own)


def _own_stdio(uid: int) -> None:
    """Let a program that is not root open /dev/stdout (which means the pipe behind it, by its owner)."""
    if uid == 0:
        return
    for fd in (0, 1, 2):
        found = os.fstat(fd)
        if found.st_mode & 0o170000 != 0o020000:  # not a device: /dev/null stays root's
            try:
                os.fchown(fd, uid, -1)
            except OSError:
                continue


def _chdir(cwd: str) -> None:
    try:
        os.chdir(cwd or "/")
    except OSError as err:
        reason = os.strerror(err.errno or 0)
        raise _failed(f'chdir to cwd ("{cwd}"): {reason}', "working directory", None) from err


def _find(name: str, path: str, cwd: str) -> str:
    """The file that ``name`` means; StartFailed in the words of runc."""
    if "/" in name:
        if os.path.isdir(name):
            raise _exec_error(name, errno.EACCES, is_directory=True)
        return name
    found = 0
    for directory in path.split(":"):
        candidate = f"{directory or '.'}/{name}"
        try:
            mode = os.stat(candidate).st_mode
        except OSError:
            continue
        if mode & 0o170000 == 0o040000:
            continue
        if os.access(candidate, os.X_OK, effective_ids=False):
            return candidate
        found = errno.EACCES
    raise _exec_error(name, found, in_path=True)


def _exec_error(
    name: str,
    number: int,
    *,
    in_path: bool = False,
    is_directory: bool = False,
    there: bool = True,
) -> StartFailed:
    reason = os.strerror(number).lower() if number else "executable file not found in $PATH"
    if is_directory:
        reason = "is a directory"
    missing = number in (0, errno.ENOENT)
    if number == errno.ENOENT and not in_path:
        reason = "no such file or directory"
    verb = "exec" if in_path or number != errno.ENOENT else "stat"
    hint = None if is_directory or not there else _EXEC_HINTS.get(number)
    known = (
        0 if is_directory else number
    )  # an errno without a hint would be explained by what the machine lacks
    error = StartFailed(f'{verb}: "{name}": {reason}', step="exec", errno=known, hint=hint)
    error.exit_code = NOT_FOUND if missing else NOT_EXECUTABLE
    return error


def _reset_signals() -> None:
    """What Python, the launcher and the shim ignore or handle: an ignored signal stays ignored over execve(2)."""
    signal.set_wakeup_fd(-1)
    for number in _CHANGED:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _init(sync: messages.Socket) -> None:
    """Stay as process 1: pass signals on and reap, and end as the program ends. Returns in the program's process."""
    everything = set(signal.valid_signals())
    signal.pthread_sigmask(signal.SIG_SETMASK, everything)
    child = os.fork()
    if child == 0:
        # In a group of its own, in the terminal's foreground, as a shell would put it.
        os.setpgid(0, 0)
        if os.isatty(0):
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            try:
                os.tcsetpgrp(0, os.getpid())
            except OSError:
                pass
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        return
    sync.close()
    for fd in (0, 1, 2):
        os.close(fd)
    code = 0
    waited = everything - {signal.SIGKILL, signal.SIGSTOP}
    while True:
        number = signal.sigwait(waited)
        if number != signal.SIGCHLD:
            try:
                os.kill(child, number)
            except ProcessLookupError:
                pass
            continue
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                os._exit(code)
            if pid == 0:
                break
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)


def _read(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(fd, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(fd)
