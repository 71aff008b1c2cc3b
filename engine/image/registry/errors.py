"""What a registry's refusals mean, in words of which a person can make something."""

from __future__ import annotations

import json

from schemas.errors import EngineError, Failed, NotFound, Unauthorized, Unavailable
from schemas.typed import NamedTuple

_LOGIN = "log in with: pycompose login"


class Unreachable(Unavailable):
    """Nobody answered: no such host, no connection, no TLS."""


class Refusal(NamedTuple):
    """An answer that is an error: ``what`` was asked for ("manifest for busybox:latest", "blob sha256:…")."""

    status: int
    body: bytes
    what: str
    registry: str
    retry_after: str = ""


def error(refusal: Refusal) -> EngineError:
    """The error that an answer stands for."""
    status, what, registry = refusal.status, refusal.what, refusal.registry
    told = messages(refusal.body)
    reason = f": {told}" if told else ""
    login = f"{_LOGIN} {registry}" if registry != "docker.io" else _LOGIN
    if status in (401, 403):
        verb = "denied" if status == 403 else "refused"
        return Unauthorized(
            f"access to {what} {verb} by {registry}{reason or ' (HTTP ' + str(status) + ')'}",
            hint=f"the repository does not exist or needs other credentials; {login}",
        )
    if status == 404:
        return NotFound(f"{what} not found{reason}")
    if status == 429:
        wait = f" (again in {refusal.retry_after} s)" if refusal.retry_after.isdigit() else ""
        return Unavailable(
            f"{registry} refuses {what} for now: too many requests{wait}{reason}",
            hint=f"wait a while, or raise the limit: {login}",
        )
    if status >= 500:
        return Unavailable(
            f"{registry} failed to answer for {what}: HTTP {status}{reason}",
            hint="the fault is the registry's; try again later",
        )
    return Failed(f"{registry} refused {what}: HTTP {status}{reason}")


def messages(body: bytes) -> str:
    """The messages of an error document (distribution spec, "Error codes"), "" when it is none."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    found = []
    errors = document.get("errors")
    for item in errors if isinstance(errors, list) else ():
        if isinstance(item, dict):
            code = str(item.get("code") or "").lower().replace("_", " ")
            found.append(": ".join(filter(None, (code, str(item.get("message") or "")))))
    if not found:  # token servers have words of their own
        text = document.get("details") or document.get("message") or document.get("error")
        found = [text] if isinstance(text, str) else []
    return "; ".join(dict.fromkeys(found))


def unreachable(url: str, cause: BaseException, *, proxy: str = "") -> Unreachable:
    """Nobody answered at all."""
    import ssl

    root = _root(cause)
    through = f" through the proxy {_plain(proxy)}" if proxy else ""
    if isinstance(root, ssl.SSLCertVerificationError):
        return Unreachable(
            f"{url}: the certificate is not trusted: {root.verify_message}",
            hint="put the authority's certificate at /etc/docker/certs.d/HOST[:PORT]/ca.crt, or name the registry in"
            " insecure-registries",
        )
    if isinstance(root, ssl.SSLError):
        return Unreachable(f"{url}: no TLS connection{through}: {root.reason or root}")
    return Unreachable(
        f"cannot reach {url}{through}: {_words(root)}",
        hint="is the network up, the name right, and HTTPS_PROXY set where one is needed?",
    )


def _root(cause: BaseException) -> BaseException:
    """The system's own error below what libraries have wrapped around it."""
    seen = cause
    while True:
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            inner = seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException) or isinstance(seen, OSError):
            return seen
        seen = inner


def _words(root: BaseException) -> str:
    import socket

    if isinstance(root, socket.gaierror):
        return f"no such host ({root.strerror})"
    if isinstance(root, TimeoutError):
        return "timed out"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror.lower()
    return str(root) or type(root).__name__


def _plain(proxy: str) -> str:
    """A proxy's URL without the password that may be in it."""
    scheme, _, rest = proxy.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
