"""docker-py over our own connections: one way to the daemon, whatever is between.

Its own way by ssh needs a further library, and its own way by TLS lets REQUESTS_CA_BUNDLE go before the daemon's authority.
"""

from __future__ import annotations

import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from compose.backends.docker.dial import dial
from compose.backends.docker.place import Place


class _Connection(HTTPConnection):
    def __init__(self, place: Place) -> None:
        super().__init__("docker", timeout=None)
        self._place = place

    def connect(self) -> None:
        connection = dial(self._place)
        # ``dial`` may give the bare kind, which cannot be a file.
        self.sock = socket.socket(fileno=connection.detach())


class _Pool(HTTPConnectionPool):
    def __init__(self, place: Place, size: int) -> None:
        super().__init__("docker", maxsize=size)
        self._place = place

    def _new_conn(self) -> _Connection:
        self.num_connections += 1
        return _Connection(self._place)


class Adapter(HTTPAdapter):
    """Sends every request to the daemon at ``place``; up to ``size`` connections are kept."""

    def __init__(self, place: Place, size: int) -> None:
        self._to_daemon = _Pool(place, size)
        super().__init__()

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        return self._to_daemon

    def request_url(self, request: Any, proxies: Any) -> str:
        return str(request.path_url)

    def close(self) -> None:
        self._to_daemon.close()
        super().close()
