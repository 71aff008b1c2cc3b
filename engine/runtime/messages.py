"""Messages between commands, the launcher and shims: one JSON object a packet, descriptors riding along (unix(7)).

A SEQPACKET socket keeps message boundaries and tells of the other side's death by an empty read. ``_socket`` is the
part of ``socket`` that is not an import of seven milliseconds.
"""

from __future__ import annotations

import _socket
import errno
import json
import marshal
import os
import struct
from typing import Any

from schemas import errors
from schemas.errors import Conflict, EngineError, Failed, PycomposeError

Message = dict[str, Any]
Socket = _socket.socket

# What unix(7) lets through with the default buffers is about 200 KiB; an exec's environment is the largest message.
_LIMIT = 1 << 18
_FDS = 8
_ANCILLARY = _socket.CMSG_SPACE(_FDS * 4)


class Taken(Conflict):
    """Another shim serves the container, or did when this one was begun: nothing of it is ours to take away."""


def pair() -> tuple[Socket, Socket]:
    """Two connected ends."""
    return _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_CLOEXEC)


def endpoint(fd: int) -> Socket:
    """The socket that descriptor ``fd`` is; it owns it from now on."""
    return _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0, fd)


def listen(path: str) -> Socket:
    """A socket at ``path`` that only root can connect to; what was there is replaced."""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET | _socket.SOCK_NONBLOCK, 0)
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    mask = os.umask(0o177)
    try:
        server.bind(_short(path))
    finally:
        os.umask(mask)
    server.listen(128)
    return server


def connect(path: str) -> Socket:
    """Connect to the socket at ``path``; OSError when nobody listens."""
    client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0)
    directory = -1
    try:
        if len(os.fsencode(path)) > 107:
            directory = os.open(os.path.dirname(path), os.O_PATH | os.O_CLOEXEC)
            path = f"/proc/self/fd/{directory}/{os.path.basename(path)}"
        client.connect(path)
    except OSError:
        client.close()
        raise
    finally:
        if directory >= 0:
            os.close(directory)
    return client


def accept(server: Socket) -> Socket:
    """The next connection."""
    fd, _ = server._accept()  # type: ignore[attr-defined]
    return endpoint(fd)


def send(to: Socket, message: Message, fds: tuple[int, ...] = ()) -> None:
    """Send one message; OSError when the other side is gone, InvalidArgument when it is too large."""
    data = json.dumps(message, separators=(",", ":")).encode()
    try:
        _send(to, data, fds)
    except OSError as err:
        if err.errno == errno.EMSGSIZE:
            raise errors.InvalidArgument(
                f"{message.get('type', 'message')}: {len(data)} bytes are too many for one request"
            ) from err
        raise


def tell(to: Socket, message: Message) -> None:
    """Send the last message, to whoever may have gone, and close."""
    try:
        send(to, message)
    except OSError:
        pass
    to.close()


def receive(source: Socket) -> tuple[Message | None, list[int]]:
    """The next message and its descriptors (close-on-exec); None when the other side is gone."""
    try:
        return answer(source)
    except (ConnectionResetError, BrokenPipeError):
        return None, []


def answer(source: Socket) -> tuple[Message | None, list[int]]:
    """The same to somebody who has sent a message: OSError (ECONNRESET) when the other side has gone without reading it."""
    data, fds = _receive(source)
    message: Message | None = json.loads(data) if data else None
    return message, fds


def send_plain(to: Socket, message: Message, fds: tuple[int, ...] = ()) -> None:
    """The same between forks of one process, which need no common format: less memory is touched at the other end."""
    _send(to, marshal.dumps(message), fds)


def receive_plain(source: Socket) -> tuple[Message | None, list[int]]:
    """The other end of ``send_plain``."""
    try:
        data, fds = _receive(source)
    except (ConnectionResetError, BrokenPipeError):
        return None, []
    message: Message | None = marshal.loads(data) if data else None
    return message, fds


def _send(to: Socket, data: bytes, fds: tuple[int, ...]) -> None:
    rights = []
    if fds:
        packed = struct.pack(f"{len(fds)}i", *fds)
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed)]
    to.sendmsg([data], rights, _socket.MSG_NOSIGNAL)


def _receive(source: Socket) -> tuple[bytes, list[int]]:
    data, rights, _, _ = source.recvmsg(_LIMIT, _ANCILLARY, _socket.MSG_CMSG_CLOEXEC)
    fds: list[int] = []
    for level, kind, content in rights:
        if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
            fds += struct.unpack(f"{len(content) // 4}i", content[: len(content) // 4 * 4])
    return data, fds


def hung_up(connection: Socket) -> bool:
    """Whether the other side has gone, or will say nothing more."""
    try:
        return not connection.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def from_error(error: PycomposeError) -> Message:
    """A reply that carries the error to the other side."""
    found: Message = {
        "kind": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "errno": getattr(error, "errno", 0),
        "step": getattr(error, "step", ""),
    }
    return {"error": found}


def to_error(reply: Message) -> PycomposeError:
    """The error that a reply carries."""
    found: Message = reply["error"]
    kind: type[PycomposeError] = getattr(errors, found["kind"], Failed)
    if found["kind"] == Taken.__name__:
        kind = Taken
    message, hint = found["message"], found["hint"]
    error: PycomposeError
    if kind is errors.StartFailed:
        error = errors.StartFailed(message, step=found["step"], errno=found["errno"], hint=hint)
    elif kind is errors.SyscallError or not issubclass(kind, EngineError):
        error = Failed(message, hint=hint)
    else:
        error = kind(message, hint=hint)
    error.exit_code = found["exit_code"]
    return error


def _short(path: str) -> str:
    """A name for bind(2), which takes 107 bytes: the state directory may be deeper than that."""
    if len(os.fsencode(path)) <= 107:
        return path
    os.chdir(os.path.dirname(path))
    return os.path.basename(path)
