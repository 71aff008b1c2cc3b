"""A connected socket to the daemon, whatever is between: a Unix socket, TCP, TLS or an ssh client."""

from __future__ import annotations

import os

from compose.backends.docker.place import Place
from schemas.errors import Unauthorized, Unavailable
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

CONNECT_SECONDS = 10.0


def dial(place: Place) -> socket.socket:
    """Connect; Unavailable with what to do."""
    try:
        if place.scheme == "unix":
            return _unix(place.rest)
        if place.scheme == "ssh":
            return _ssh(place.rest)
        return _tcp(place)
    except OSError as error:
        raise unavailable(place, error) from error


def unavailable(place: Place, error: OSError) -> Unavailable | Unauthorized:
    """The error for a daemon that cannot be reached."""
    reason = error.strerror or str(error)
    text = f"cannot connect to the Docker daemon at {place.url} ({place.source}): {reason.lower()}"
    if isinstance(error, PermissionError):
        return Unauthorized(text, hint="be root, or a member of the group that owns the socket")
    return Unavailable(
        text,
        hint="start the daemon, or name another one: DOCKER_HOST, DOCKER_CONTEXT or docker context use;"
        " --engine local needs none",
    )


def _unix(path: str) -> socket.socket:
    # ``socket`` itself is an import of seven milliseconds; what it adds is not needed here.
    import _socket

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection  # type: ignore[return-value]


def _tcp(place: Place) -> socket.socket:
    import socket

    host, _, port = place.rest.rpartition(":")
    host = host.strip("[]")
    connection = socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if place.tls is None:
        return connection
    import ssl

    from compose.backends.docker import tls

    try:
        context = ssl.create_default_context(cafile=place.tls.ca or None)
        if not place.tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if place.tls.cert:
            context.load_cert_chain(place.tls.cert, place.tls.key or None)
        return tls.join(connection, context, host)
    except OSError:  # ssl.SSLError is one
        connection.close()
        raise


def _ssh(rest: str) -> socket.socket:
    """An ssh client whose input and output are one socket; the far end joins it to the daemon's."""
    import socket
    import subprocess

    target, _, path = rest.partition("/")
    host, colon, port = target.rpartition(":")
    words = ["ssh", "-o", "ConnectTimeout=10", "-T"]
    if colon and port.isdecimal():
        words += ["-p", port]
        target = host
    command = ["docker"]
    if path:
        command += ["--host", f"unix:///{path}"]
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            # A session of its own: Ctrl-C in our terminal must not cut the line before we have stopped what we began.
            subprocess.Popen(
                [*words, "--", target, *command, "system", "dial-stdio"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                start_new_session=True,
                env=os.environ,
            )
        except OSError:
            ours.close()
            raise
    return ours
