"""Where the daemon is: DOCKER_HOST, DOCKER_CONTEXT or the current context, and what is needed to speak to it there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from schemas.digest import sha256
from schemas.errors import NotFound, UsageError
from schemas.typed import NamedTuple

DEFAULT = "unix:///var/run/docker.sock"
SCHEMES = ("unix", "tcp", "ssh", "http", "https")
_PORTS = {False: 2375, True: 2376}


class Tls(NamedTuple):
    """Files of the certificates, "" for none; ``verify``: whether the daemon must prove who it is."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True


class Place(NamedTuple):
    """``url`` is unix:///path, tcp://host:port or ssh://user@host; ``source`` says who named it."""

    url: str
    tls: Tls | None = None
    source: str = "the default"

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def rest(self) -> str:
        """What follows the scheme: a path, host:port, or user@host."""
        return self.url.partition("://")[2]


def find(environ: Mapping[str, str]) -> Place:
    """The place that the environment and Docker's configuration name, in docker's order. UsageError, NotFound."""
    host = environ.get("DOCKER_HOST")
    if host:
        return _checked(Place(host, _tls_of(environ), "DOCKER_HOST"))
    directory = config_directory(environ)
    name = environ.get("DOCKER_CONTEXT")
    source = "DOCKER_CONTEXT"
    if not name:
        name = _document(f"{directory}/config.json").get("currentContext")
        source = f"{directory}/config.json"
    if not name or name == "default":
        return Place(DEFAULT, _tls_of(environ))
    return context(directory, str(name), source)


def config_directory(environ: Mapping[str, str]) -> str:
    """The directory of Docker's client configuration."""
    return environ.get("DOCKER_CONFIG") or os.path.join(
        environ.get("HOME") or os.path.expanduser("~"), ".docker"
    )


def context(directory: str, name: str, source: str) -> Place:
    """The endpoint of a Docker context. NotFound, UsageError."""
    digest = sha256(name.encode()).hexdigest()
    meta = _document(f"{directory}/contexts/meta/{digest}/meta.json")
    if not meta:
        raise NotFound(
            f'Docker context "{name}" does not exist (named by {source})',
            hint="docker context ls shows those that do",
        )
    endpoint = (meta.get("Endpoints") or {}).get("docker") or {}
    if not endpoint.get("Host"):
        raise UsageError(f'Docker context "{name}" has no endpoint for the daemon')
    below = f"{directory}/contexts/tls/{digest}/docker"
    files = {
        key: path if os.path.exists(path := f"{below}/{key}.pem") else ""
        for key in ("ca", "cert", "key")
    }
    tls = None
    if any(files.values()) or endpoint.get("SkipTLSVerify"):
        tls = Tls(**files, verify=not endpoint.get("SkipTLSVerify"))
    return _checked(Place(str(endpoint["Host"]), tls, f'context "{name}"'))


def _checked(place: Place) -> Place:
    """The place in full: with a port, and with TLS where the scheme says so. UsageError."""
    url = place.url if "://" in place.url else f"tcp://{place.url}"
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest:
        raise UsageError(
            f"{place.source}: {place.url} is no address of a daemon"
            f" (it begins with {', '.join(name + '://' for name in SCHEMES[:3])})"
        )
    tls = place.tls
    if scheme in ("unix", "ssh"):
        return place._replace(url=url, tls=None)
    if scheme == "https" and tls is None:
        tls = Tls()
    rest = rest.partition("/")[0]
    host, colon, port = rest.rpartition(":")
    if not colon or not port.isdecimal() or host.endswith(":"):
        host, port = rest.rstrip(":"), str(_PORTS[tls is not None])
    return Place(f"tcp://{host or '127.0.0.1'}:{port}", tls, place.source)


def _tls_of(environ: Mapping[str, str]) -> Tls | None:
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if not verify and not environ.get("DOCKER_TLS"):
        return None
    directory = environ.get("DOCKER_CERT_PATH") or config_directory(environ)
    files = {key: f"{directory}/{key}.pem" for key in ("ca", "cert", "key")}
    missing = [path for path in files.values() if not os.path.exists(path)]
    if verify and missing:
        raise UsageError(
            f"DOCKER_TLS_VERIFY is set, but there is no {missing[0]}",
            hint="DOCKER_CERT_PATH names the directory of ca.pem, cert.pem and key.pem",
        )
    found = {key: path if path not in missing else "" for key, path in files.items()}
    return Tls(**found, verify=verify)


def _document(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}
