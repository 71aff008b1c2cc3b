"""Who we are to a registry: Docker's ``config.json`` with its stores and helpers, read by docker-py, changed by ``login``.

The library is loaded only when the file has something to say about the registry: it costs more than the whole command.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from engine.image.reference import DEFAULT_DOMAIN
from schemas.errors import Failed, InvalidArgument
from schemas.typed import NamedTuple

_HUB_KEY = "https://index.docker.io/v1/"  # what Docker writes for its own registry


class Credentials(NamedTuple):
    """A name and a password, or a token that stands for both."""

    username: str
    password: str
    identity_token: str = ""


def config_file(environ: Mapping[str, str] = os.environ) -> str:
    """Where Docker's client keeps its settings."""
    directory = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME') or '/root'}/.docker"
    return f"{directory}/config.json"


def find(registry: str, environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """The credentials for a registry ("docker.io", "localhost:5000"); None when there are none. Failed, InvalidArgument."""
    document = _read(config_file(environ))
    if not _concerns(document, registry):
        return None
    import docker.auth
    import docker.errors

    sections = {
        key: document[key] for key in ("auths", "credsStore", "credHelpers") if document.get(key)
    }
    try:
        with _no_warnings():
            config = docker.auth.load_config(config_dict=sections)
            found = config.resolve_authconfig(registry)
    except docker.errors.InvalidConfigFile as err:
        raise InvalidArgument(f"{config_file(environ)}: {err}") from err
    except (docker.errors.DockerException, ValueError, UnicodeError) as err:
        raise Failed(f"cannot get the credentials for {registry}: {err}") from err
    return _plain(found or {})


def store(registry: str, credentials: Credentials, environ: Mapping[str, str] = os.environ) -> str:
    """Keep credentials; the file that now holds the password in the clear, "" when a store of its own holds it."""
    path = config_file(environ)
    document = _read(path)
    key = _key(registry)
    helper = _helper(document, key)
    entry: dict[str, str] = {}
    if helper:
        _ask_helper(helper, "store", key, credentials)
    elif credentials.identity_token:
        entry = {
            "auth": _pair(credentials._replace(password="")),
            "identitytoken": credentials.identity_token,
        }
    else:
        entry = {"auth": _pair(credentials)}
    document.setdefault("auths", {})[key] = entry
    _write(path, document)
    return "" if helper else path


def erase(registry: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Forget the credentials of a registry; whether there were any."""
    path = config_file(environ)
    document = _read(path)
    keys = [key for key in document.get("auths") or {} if _host(key) == _host(_key(registry))]
    helper = _helper(document, _key(registry))
    if helper:
        _ask_helper(helper, "erase", _key(registry), None)
    for key in keys:
        del document["auths"][key]
    if keys:
        _write(path, document)
    return bool(keys) or bool(helper)


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except FileNotFoundError:
        return {}
    except OSError as err:
        raise Failed(f"{path}: {err.strerror}") from err
    except ValueError as err:
        raise InvalidArgument(f"{path}: not JSON: {err}") from err
    if not isinstance(document, dict):
        raise InvalidArgument(f"{path}: must be an object")
    return document


def _write(path: str, document: dict[str, Any]) -> None:
    """Replace the file as a whole; it is for its owner only, and a link stays one."""
    path = os.path.realpath(path)
    temporary = f"{path}.{os.urandom(4).hex()}"
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(fd, "w", encoding="utf-8") as file:
            file.write(json.dumps(document, indent="\t") + "\n")
        os.rename(temporary, path)
    except OSError as err:
        raise Failed(f"cannot write {path}: {err.strerror}") from err


def _concerns(document: dict[str, Any], registry: str) -> bool:
    if document.get("credsStore") or _key(registry) in (document.get("credHelpers") or {}):
        return True
    return any(_host(key) == _host(_key(registry)) for key in document.get("auths") or {})


def _key(registry: str) -> str:
    return _HUB_KEY if registry == DEFAULT_DOMAIN else registry


def _host(key: str) -> str:
    """A key of ``auths`` (old ones are URLs) as a host."""
    host = key.removeprefix("http://").removeprefix("https://").partition("/")[0]
    return DEFAULT_DOMAIN if host == "index.docker.io" else host


def _helper(document: dict[str, Any], key: str) -> str:
    helper = (document.get("credHelpers") or {}).get(key) or document.get("credsStore") or ""
    return str(helper)


def _ask_helper(helper: str, action: str, key: str, credentials: Credentials | None) -> None:
    import docker.credentials
    import docker.credentials.errors

    try:
        with _no_warnings():
            program = docker.credentials.Store(helper)
        if credentials is None:
            program.erase(key)
        elif credentials.identity_token:
            program.store(key, "<token>", credentials.identity_token)  # type: ignore[no-untyped-call]
        else:
            program.store(key, credentials.username, credentials.password)  # type: ignore[no-untyped-call]
    except docker.credentials.errors.CredentialsNotFound:
        return
    except docker.credentials.errors.StoreError as err:
        raise Failed(f"docker-credential-{helper}: {err}") from err


def _plain(found: Mapping[str, Any]) -> Credentials | None:
    """docker-py spells the keys in two ways."""
    values = {key.lower(): value for key, value in found.items() if value}
    token = values.get("identitytoken", "")
    if not token and not values.get("username"):
        return None
    return Credentials(values.get("username", ""), values.get("password", ""), token)


def _pair(credentials: Credentials) -> str:
    from base64 import b64encode

    return b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()


def _no_warnings() -> Any:
    """A helper that is not installed is an error that we raise; the library also warns of it."""
    import warnings

    return warnings.catch_warnings(action="ignore")
