"""Images between the daemon and registries, and who we are to these. Credentials are those of Docker's configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from compose.backends.docker import images
from compose.backends.docker.client import Client
from compose.backends.docker.progress import follow, refusal
from schemas.engine import Sink
from schemas.errors import EngineError, Failed, NotFound, Unauthorized
from schemas.records import ImageInfo, Progress

_HUB = "https://index.docker.io/v1/"


def pull(client: Client, reference: str, *, platform: str, sink: Sink) -> ImageInfo:
    """Bring an image to the daemon. NotFound, Unauthorized, Unavailable, Failed."""
    repository, tag = named(reference)
    with _refused(), client.explained():
        lines = client.api.pull(
            repository, tag, stream=True, decode=True, platform=platform or None
        )
        for _ in follow(lines, sink, f"pull {reference}"):
            pass
    found = images.image(client, reference)
    if found is None:
        raise NotFound(f"{reference} was removed while it was pulled")
    return found


def push(client: Client, reference: str, *, sink: Sink) -> str:
    """Send an image; its digest in the registry."""
    images.inspect(client, reference)
    repository, tag = named(reference)
    digest = ""
    with _refused(), client.explained():
        lines = client.api.push(repository, tag, stream=True, decode=True)
        for line in follow(lines, sink, f"push {reference}"):
            digest = str((line.get("aux") or {}).get("Digest") or digest)
    if not digest:
        raise Failed(f"push {reference}: the daemon did not say under which digest it is there now")
    sink(Progress("", f"{tag}: digest: {digest}", "done"))
    return digest


def named(reference: str) -> tuple[str, str]:
    """Repository, and tag or digest."""
    repository, at, digest = reference.partition("@")
    if at:
        return images.split(repository)[0], digest
    return images.split(reference)


def digest(client: Client, reference: str) -> str:
    """The full reference with the digest that it stands for in its registry now."""
    repository, tag = named(reference)
    if tag.startswith("sha256:"):
        return f"{full(repository)}@{tag}"
    with _refused(), client.explained(f"resolve {reference}"):
        found: dict[str, Any] = client.api.inspect_distribution(f"{repository}:{tag}")  # type: ignore[no-untyped-call]
    return f"{full(repository)}:{tag}@{found['Descriptor']['digest']}"


def full(repository: str) -> str:
    """A repository with its registry."""
    head, slash, _ = repository.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost"):
        return repository
    return f"docker.io/{repository}" if slash else f"docker.io/library/{repository}"


def login(client: Client, registry: str, username: str, password: str) -> str:
    """Prove credentials through the daemon and keep them where Docker's client does; the file that holds the password in
    the clear, if one does. Unauthorized."""
    from engine.image import credentials
    from engine.image.credentials import Credentials
    from engine.image.registry.login import server_name

    name = server_name(registry)
    kept = credentials.find(name, client.environ) if not username else None
    given = kept or Credentials(username, password)
    body = {"serveraddress": _HUB if name == "docker.io" else name}
    if given.identity_token:
        body["identitytoken"] = given.identity_token
    else:
        body |= {"username": given.username, "password": given.password}
    try:
        answer = client.wire.post("/auth", body=body) or {}
    except EngineError as error:
        text = f"{name} refused the login of {given.username or 'the kept token'}: {error.message}"
        if isinstance(error, Unauthorized) or "unauthorized" in error.message.lower():
            raise Unauthorized(text, hint="wrong user name or password") from error
        raise refusal(error.message, f"login to {name}") from error
    if kept:
        return ""
    token = str(answer.get("IdentityToken") or "")
    return credentials.store(name, given._replace(identity_token=token), client.environ)


def logout(client: Client, registry: str) -> bool:
    """Forget the credentials; whether there were any."""
    from engine.image import credentials
    from engine.image.registry.login import server_name

    return credentials.erase(server_name(registry), client.environ)


def account(client: Client, registry: str) -> str:
    """The name under which we are logged in."""
    from engine.image import credentials
    from engine.image.registry.login import server_name

    found = credentials.find(server_name(registry), client.environ)
    return "" if found is None else found.username or "<token>"


@contextmanager
def _refused() -> Iterator[None]:
    """A registry's refusal reaches us as a failure of the daemon's: the words tell the kind."""
    try:
        yield
    except Failed as error:
        if type(error) is not Failed:
            raise
        raise refusal(error.message, "") from error
