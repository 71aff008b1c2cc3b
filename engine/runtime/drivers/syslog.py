"""The logging driver "syslog": lines as messages of RFC 3164, RFC 5424 or the local socket's own form, sent by any transport.

Forms and defaults are those of Docker's driver (srslog's formatters); a message ends with a newline on every transport.
"""

from __future__ import annotations

import os
import socket
import time
from urllib.parse import urlsplit

from engine.runtime.logformat import STDERR
from schemas.errors import Failed, InvalidArgument, Unsupported
from schemas.typed import NamedTuple

_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "", "",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
_DAEMON, _ERROR, _INFORMATIONAL = 3, 3, 6
_FORMATS = ("", "rfc3164", "rfc5424", "rfc5424micro")
_STREAMS = ("tcp", "tcp+tls", "unix")
_LOCAL = ("/dev/log", "/var/run/syslog", "/var/run/log")
_PORTS = {"udp": 514, "tcp": 514, "tcp+tls": 6514}
_PATIENCE = 3.0  # seconds that a server may take to accept


class Address(NamedTuple):
    transport: str  # "" for the machine's own socket, udp, tcp, tcp+tls, unix, unixgram
    place: str  # path or host
    port: int


def check(options: dict[str, str]) -> None:
    """InvalidArgument for an option with a value that has no meaning; Unsupported for a transport of other systems."""
    address(options)
    facility(options)
    form = options.get("syslog-format") or ""
    if form not in _FORMATS:
        raise InvalidArgument(f"syslog-format: invalid syslog format {form}")
    for name in ("syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key"):
        if options.get(name) and not os.path.isfile(options[name]):
            raise InvalidArgument(f"{name}: {options[name]}: no such file or directory")


def address(options: dict[str, str]) -> Address:
    """Where messages go."""
    text = options.get("syslog-address") or ""
    if not text:
        return Address("", "", 0)
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError as err:
        raise InvalidArgument(f"syslog-address: {text}: {err}") from err
    if found.scheme == "npipe":
        raise Unsupported("syslog-address: npipe:// is for Windows only")
    if found.scheme in ("unix", "unixgram"):
        if not os.path.exists(found.path):
            raise InvalidArgument(f"syslog-address: {found.path}: no such file or directory")
        return Address(found.scheme, found.path, 0)
    if found.scheme not in _PORTS or not found.hostname:
        raise InvalidArgument(f"syslog-address: {text} should be in form proto://address")
    return Address(found.scheme, found.hostname, port or _PORTS[found.scheme])


def facility(options: dict[str, str]) -> int:
    """The number of the facility, by name or number."""
    text = options.get("syslog-facility") or ""
    if not text:
        return _DAEMON
    if text.isdecimal() and int(text) <= 23:
        return int(text)
    if text in _FACILITIES:
        return _FACILITIES.index(text)
    raise InvalidArgument(f"syslog-facility: invalid syslog facility {text}")


class Form(NamedTuple):
    """How a line becomes a message."""

    name: str  # "" for that of the local socket
    facility: int
    tag: str
    hostname: str
    framed: bool  # RFC 5425: the length stands before a message of RFC 5424 on TLS

    def message(self, stream: int, line: bytes, when: float) -> bytes:
        """The bytes to send."""
        priority = self.facility * 8 + (_ERROR if stream == STDERR else _INFORMATIONAL)
        head = self._head(priority, when)
        text = head.encode() + line + b"\n"
        return str(len(text)).encode() + b" " + text if self.framed else text

    def _head(self, priority: int, when: float) -> str:
        pid = os.getpid()
        if self.name.startswith("rfc5424"):
            stamp = _rfc3339(when, micro=self.name.endswith("micro"))
            return f"<{priority}>1 {stamp} {self.hostname} {self.tag} {pid} {self.tag} - "
        stamp = time.strftime("%b %e %H:%M:%S", time.localtime(when))
        host = f"{self.hostname} " if self.name == "rfc3164" else ""
        return f"<{priority}>{stamp} {host}{self.tag}[{pid}]: "


def form(options: dict[str, str], tag: str) -> Form:
    """The form that the options choose."""
    name = options.get("syslog-format") or ""
    transport = address(options).transport
    framed = transport == "tcp+tls" and name.startswith("rfc5424")
    return Form(name, facility(options), tag, os.uname().nodename, framed)


def connect(options: dict[str, str]) -> socket.socket:
    """A connection to the server. Failed, in the words of the driver, when there is none."""
    where = address(options)
    try:
        if not where.transport:
            return _local()
        if where.transport in ("unix", "unixgram"):
            kind = socket.SOCK_STREAM if where.transport == "unix" else socket.SOCK_DGRAM
            return _unix(where.place, kind)
        return _internet(where, options)
    except OSError as err:
        place = f"{where.place}:{where.port}" if where.port else where.place or "the local socket"
        raise Failed(
            f"failed to initialize logging driver: syslog: {place}: {err.strerror or err}"
        ) from err


def is_stream(options: dict[str, str]) -> bool:
    """Whether messages may be sent in parts."""
    return address(options).transport in _STREAMS


def _local() -> socket.socket:
    for path in _LOCAL:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            try:
                return _unix(path, kind)
            except OSError:
                continue
    raise OSError(0, "Unix syslog delivery error: no syslog listens on this machine")


def _unix(path: str, kind: int) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, kind | socket.SOCK_CLOEXEC)
    try:
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def _internet(where: Address, options: dict[str, str]) -> socket.socket:
    if where.transport == "udp":
        family, _, _, _, target = socket.getaddrinfo(
            where.place, where.port, type=socket.SOCK_DGRAM
        )[0]
        made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        made.connect(target)
        return made
    made = socket.create_connection((where.place, where.port), timeout=_PATIENCE)
    return _secured(made, where.place, options) if where.transport == "tcp+tls" else made


def _secured(plain: socket.socket, host: str, options: dict[str, str]) -> socket.socket:
    import ssl

    context = ssl.create_default_context(cafile=options.get("syslog-tls-ca-cert"))
    if options.get("syslog-tls-cert"):
        context.load_cert_chain(options["syslog-tls-cert"], options.get("syslog-tls-key"))
    if options.get("syslog-tls-skip-verify") in ("1", "true"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)


def _rfc3339(when: float, *, micro: bool) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(when))
    zone = time.strftime("%z", time.localtime(when))
    zone = "Z" if zone in ("+0000", "") else f"{zone[:3]}:{zone[3:]}"
    return f"{stamp}.{int(when % 1 * 1e6):06d}{zone}" if micro else f"{stamp}{zone}"
