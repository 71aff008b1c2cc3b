"""The two ways to one daemon: ``wire`` for reads and streams, ``api`` (docker-py's low-level client) for changes."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from compose.backends.docker import place as places
from compose.backends.docker.errors import error_for
from compose.backends.docker.wire import Wire
from schemas.errors import EngineError, Failed, Unavailable, Unsupported
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import APIClient

_POOL = 64  # connections that are kept; steps run as parallel as a plan allows
_BASE = "tcp://docker:2375"  # never connected to: the adapter knows the way
_OLDEST = (1, 40)  # Docker 19.03: what is older lacks what is taken for granted here


class Client:
    """A daemon. Nothing is connected before the first request."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self.place = places.find(environ)
        self.environ = environ
        self.wire = Wire(self.place)
        self._api: APIClient | None = None
        self._version: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    @property
    def version(self) -> tuple[int, ...]:
        """The newest version of the API that the daemon speaks. Unavailable, Unsupported for one that is too old."""
        if self._version is None:
            text = str(self.wire.get("/version")["ApiVersion"])
            found = tuple(int(part) for part in text.split("."))
            if found < _OLDEST:
                raise Unsupported(
                    f"the Docker daemon at {self.place.url} speaks API {text}, which is too old",
                    hint="Docker 19.03 (API 1.40) is the oldest that can be used",
                )
            self._version = found
        return self._version

    @property
    def api(self) -> APIClient:
        """docker-py's client, made at first use: its import takes a tenth of a second. Unavailable."""
        with self._lock:
            if self._api is None:
                self._api = self._open()
            return self._api

    @contextmanager
    def explained(self, what: str = "") -> Iterator[None]:
        """Turn what docker-py raises into kinds; ``what`` was attempted."""
        import docker.errors
        from requests import exceptions

        try:
            yield
        except docker.errors.APIError as error:
            status = error.status_code or 500
            raise error_for(status, _message(error), what) from error
        except (exceptions.ConnectionError, exceptions.Timeout) as error:
            raise Unavailable(
                f"the Docker daemon at {self.place.url} is away: {_innermost(error)}",
                hint="see whether it runs: docker info",
            ) from error
        except docker.errors.DockerException as error:
            raise Failed(f"{what}: {error}" if what else str(error)) from error

    def close(self) -> None:
        self.wire.close()
        if self._api is not None:
            self._api.close()

    def _open(self) -> APIClient:
        version = ".".join(
            map(str, self.version)
        )  # before the import: a daemon that is away is known at once
        from docker import APIClient
        from docker.errors import DockerException

        from compose.backends.docker.adapter import Adapter

        try:
            api = APIClient(base_url=_BASE, version=version, timeout=None)  # type: ignore[arg-type]
        except DockerException as error:
            raise Unavailable(
                f"cannot use the Docker daemon at {self.place.url}: {error}"
            ) from error
        api.trust_env = False  # what is said of proxies and authorities there is about the web
        api.mount(_BASE.replace("tcp:", "http:"), Adapter(self.place, _POOL))
        return api


def _message(error: Exception) -> str:
    explanation = getattr(error, "explanation", None)
    if isinstance(explanation, bytes):
        explanation = explanation.decode("utf-8", "replace")
    return str(explanation or error).strip()


def _innermost(error: BaseException) -> str:
    while error.__context__ is not None:
        error = error.__context__
    return str(getattr(error, "strerror", None) or error).lower()


def reraise(error: EngineError, what: str) -> EngineError:
    """The same kind with ``what`` in front of its message."""
    error.message = f"{what}: {error.message}"
    error.args = (error.message,)
    return error
