"""HTTP/1.1 to the daemon as far as its API needs it: documents, many at a time, streams, and connections taken over."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence

from compose.backends.docker.dial import dial, unavailable
from compose.backends.docker.errors import raise_for
from compose.backends.docker.place import Place
from schemas.errors import EngineError, Unavailable
from schemas.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

    from schemas.engine import Bytes

_CHUNK = 65536
_AT_ONCE = 64  # requests that are sent before the first answer is read
_SHUT_WR, _SHUT_RDWR = 1, 2  # shutdown(2)
Query = Mapping[str, "str | int | bool | None"] | Mapping[str, "str | bool"]


class Connection:
    """One connection: requests go out, responses come in the same order."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.socket: socket.socket = dial(place)
        self._held = b""

    def send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str] = {}
    ) -> None:
        self.write(request(method, target, body, headers))

    def write(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise unavailable(self._place, error) from error

    def receive(self) -> bytes:
        """What comes next; b"" at the end."""
        if self._held:
            data, self._held = self._held, b""
            return data
        try:
            return self.socket.recv(_CHUNK)
        except TimeoutError:
            raise
        except OSError:
            return b""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; b"" at the end."""
        data = self.receive()
        if len(data) > size:
            data, self._held = data[:size], data[size:]
        return data

    def line(self) -> bytes:
        """Up to the end of a line; Unavailable when the connection ends before."""
        data = b""
        while True:
            more = self.receive()
            if not more:
                raise Unavailable(
                    f"the Docker daemon at {self._place.url} closed the connection",
                    hint="the daemon's log says why",
                )
            head, newline, rest = more.partition(b"\n")
            data += head + newline
            if newline:
                self._held = rest
                return data

    def response(self) -> Response:
        """The next response, its body still to be read."""
        while True:
            status = int(self.line().split(None, 2)[1])
            headers = {}
            while (text := self.line().strip()) != b"":
                name, _, value = text.partition(b":")
                headers[name.strip().lower()] = value.strip()
            if status == 101 or status >= 200:
                return Response(self, status, headers)

    def end(self) -> None:
        """Let whoever reads see the end; from any thread."""
        try:
            self.socket.shutdown(_SHUT_RDWR)
        except OSError:
            pass

    def end_input(self) -> None:
        """Say that nothing more is sent."""
        try:
            self.socket.shutdown(_SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self.socket.close()


class Response:
    """``status`` and headers; ``read`` takes the body apart, however it is framed."""

    def __init__(self, connection: Connection, status: int, headers: dict[bytes, bytes]) -> None:
        self.connection = connection
        self.status = status
        self.headers = headers
        self._chunked = headers.get(b"transfer-encoding", b"").lower() == b"chunked"
        length = headers.get(b"content-length")
        self._left = (
            int(length) if length is not None else -1
        )  # -1: until the end, or chunk by chunk
        self._over = status in (204, 304) or (self._left == 0 and not self._chunked)
        self._chunk = 0
        self._whole = self._over

    def skip_body(self) -> None:
        """There is none: it answers a HEAD."""
        self._over = self._whole = True

    def read(self, size: int = _CHUNK, /) -> bytes:
        """Up to ``size`` bytes of the body; b"" at its end."""
        if self._over:
            return b""
        if self._chunked:
            return self._read_chunk(size)
        data = self.connection.read(size if self._left < 0 else min(size, self._left))
        if self._left >= 0:
            self._left -= len(data)
            self._whole = self._left == 0
        self._over = not data or self._left == 0
        return data

    def _read_chunk(self, size: int) -> bytes:
        try:
            if self._chunk == 0:
                self._chunk = int(self.connection.line().partition(b";")[0], 16)
                if self._chunk == 0:
                    while self.connection.line().strip():
                        pass
                    self._over = self._whole = True
                    return b""
            data = self.connection.read(min(size, self._chunk))
            self._chunk -= len(data)
            if self._chunk == 0 and data:
                self.connection.line()
        except (Unavailable, ValueError):
            data = b""
        self._over = not data
        return data

    def all(self) -> bytes:
        """The rest of the body."""
        parts = []
        while data := self.read():
            parts.append(data)
        return b"".join(parts)

    @property
    def reusable(self) -> bool:
        """Whether the connection can be used for the next request."""
        return self._whole and self.headers.get(b"connection", b"").lower() != b"close"

    def close(self) -> None:
        self.connection.close()


class Wire:
    """Requests to one daemon, from any number of threads; idle connections are kept for the next."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._idle: list[Connection] = []
        self._lock = threading.RLock()  # a signal's handler may ask while we do

    def get(self, path: str, query: Query | None = None, *, what: str = "") -> Any:
        """The document at ``path``; EngineError by kind, ``what`` names the thing in its message."""
        response = self._roundtrip("GET", target(path, query))
        return _document(response, what)

    def head(self, path: str, query: Query | None = None, *, what: str = "") -> dict[bytes, bytes]:
        """The headers of the answer."""
        connection, response = self._exchange("HEAD", target(path, query), None, {})
        status, headers = response.status, response.headers
        response.skip_body()
        self._give_back(connection, response)
        if status >= 400:
            # A HEAD has no message: ask again for it.
            _document(self._roundtrip("GET", target(path, query)), what)
        return headers

    def post(
        self, path: str, query: Query | None = None, body: Any = None, *, what: str = ""
    ) -> Any:
        """Send a document; the one that comes back, None when there is none."""
        data = None if body is None else json.dumps(body).encode()
        response = self._roundtrip("POST", target(path, query), data, _json_headers(data))
        return _document(response, what)

    def delete(self, path: str, query: Query | None = None, *, what: str = "") -> Any:
        """Remove what is at ``path``; the document that comes back, None when there is none."""
        return _document(self._roundtrip("DELETE", target(path, query)), what)

    def many(self, targets: Sequence[str]) -> Iterator[tuple[int, Any]]:
        """Status and document of each target, in order. Requests follow each other without waiting for the answers."""
        for start in range(0, len(targets), _AT_ONCE):
            part = targets[start : start + _AT_ONCE]
            connection = Connection(self.place)
            try:
                connection.write(b"".join(request("GET", name, None, {}) for name in part))
                for _ in part:
                    response = connection.response()
                    data = response.all()
                    yield response.status, json.loads(data) if response.status < 400 else data
            finally:
                connection.close()

    def stream(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: Any = None,
        *,
        what: str = "",
        headers: Mapping[str, str] = {},
    ) -> Response:
        """A response that is read as it comes; closing its connection ends it. Upgrades are taken over with it."""
        data = None if body is None else json.dumps(body).encode()
        connection = Connection(self.place)
        try:
            connection.send(method, target(path, query), data, {**_json_headers(data), **headers})
            response = connection.response()
            if response.status >= 400:
                raise_for(response.status, response.all(), what)
        except BaseException:
            connection.close()
            raise
        return response

    def upgrade(
        self, path: str, query: Query | None = None, body: Any = None, *, what: str = ""
    ) -> Response:
        """POST, and have the connection for ourselves."""
        headers = {"Upgrade": "tcp", "Connection": "Upgrade"}
        return self.stream("POST", path, query, body, what=what, headers=headers)

    def put(self, path: str, query: Query, archive: Bytes, *, what: str = "") -> None:
        """Send a tar of unknown length to where it is unpacked."""
        response = self.send("PUT", path, query, archive, what=what)
        try:
            response.all()
        finally:
            response.close()

    def send(
        self,
        method: str,
        path: str,
        query: Query,
        body: Bytes,
        *,
        many: Mapping[str, Sequence[str]] = {},
        headers: Mapping[str, str] = {},
        what: str = "",
    ) -> Response:
        """Send a body of unknown length; the response, to be read and closed. ``many``: keys that stand several times."""
        more = [f"{key}={quote(value)}" for key, values in many.items() for value in values]
        goal = target(path, query)
        if more:
            goal += ("&" if "?" in goal else "?") + "&".join(more)
        connection = Connection(self.place)
        try:
            framed = {"Transfer-Encoding": "chunked", "Content-Type": "application/x-tar"}
            connection.write(_head(method, goal, {**framed, **headers}))
            try:
                while data := body.read(_CHUNK):
                    connection.write(b"%x\r\n%b\r\n" % (len(data), data))
                connection.write(b"0\r\n\r\n")
            except Unavailable:
                pass  # the daemon has heard enough: its answer says why
            response = connection.response()
            if response.status >= 400:
                raise_for(response.status, response.all(), what)
        except BaseException:
            connection.close()
            raise
        return response

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _roundtrip(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> _Whole:
        connection, response = self._exchange(method, target, body, headers)
        data = response.all()
        self._give_back(connection, response)
        return _Whole(response.status, data)

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Connection, Response]:
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                kept.send(method, target, body, headers)
                return kept, kept.response()
            except EngineError:
                # The daemon has closed it meanwhile. What was sent did not reach it, as nothing was answered.
                kept.close()
                if method not in ("GET", "HEAD"):
                    raise
        connection = Connection(self.place)
        try:
            connection.send(method, target, body, headers)
            return connection, connection.response()
        except BaseException:
            connection.close()
            raise

    def _give_back(self, connection: Connection, response: Response) -> None:
        if response.reusable:
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()


class _Whole:
    """A response that was read to its end."""

    def __init__(self, status: int, data: bytes) -> None:
        self.status = status
        self._data = data

    def all(self) -> bytes:
        return self._data


def _document(response: Response | _Whole, what: str) -> Any:
    data = response.all()
    if response.status >= 400:
        raise_for(response.status, data, what)
    return json.loads(data) if data.strip() else None


def _json_headers(data: bytes | None) -> dict[str, str]:
    return {} if data is None else {"Content-Type": "application/json"}


def request(method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
    """A request as it is written."""
    if body is None and method in ("GET", "HEAD"):
        return _head(method, target, headers)
    body = body or b""
    return _head(method, target, {**headers, "Content-Length": str(len(body))}) + body


def _head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: docker", "User-Agent: pycompose"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode()


def target(path: str, query: Query | None = None) -> str:
    """Path and query as they stand in a request; keys without a value are left out."""
    pairs = [
        f"{key}={_text(value)}" for key, value in (query or {}).items() if value not in (None, "")
    ]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


def _text(value: str | int | bool | None) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else quote(str(value))


# What may stand in a path or a query as it is (RFC 3986); ``urllib.parse`` is an import of eight milliseconds.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quote(text: str, *, slash: bool = False) -> str:
    """Percent-encode; with ``slash`` a slash stays."""
    return "".join(
        chr(byte) if byte in _PLAIN or (slash and byte == 47) else f"%{byte:02X}"
        for byte in text.encode("utf-8", "surrogateescape")
    )
