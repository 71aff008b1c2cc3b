"""Images to and from registries, as the engine offers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.image import reference as references

if TYPE_CHECKING:
    from schemas.engine import Sink
    from schemas.records import ImageInfo


def pull(text: str, *, platform: str = "", sink: Sink) -> ImageInfo:
    """Bring an image here. NotFound, Unauthorized, Unavailable, Unsupported, InvalidArgument, Failed."""
    from engine.image.registry import pull as registry

    return registry.pull(references.with_default_tag(references.parse(text)), platform, sink)


def push(text: str, *, sink: Sink) -> str:
    """Send an image to the registry that its name says; its digest there. Raises as ``pull``, NotFound when it is not here."""
    from engine.image.registry import push as registry

    return registry.push(references.with_default_tag(references.parse(text)), sink)


def digest(text: str) -> str:
    """The full reference with the digest that it stands for in its registry now. Raises as ``pull``."""
    from engine.image.registry import resolve

    wanted = references.with_default_tag(references.parse(text))
    if wanted.digest:
        return str(wanted._replace(tag=""))  # beside a digest, a tag says nothing
    return str(wanted._replace(digest=resolve.digest_of(wanted)))


def login(server: str, username: str, password: str) -> str:
    """Prove credentials (without a name: those that are kept) and keep them; the file that holds the password in the clear,
    if one does."""
    from engine.image.registry import login as registry

    return registry.login(server, username, password)


def logout(server: str) -> bool:
    """Forget the credentials for a registry; whether there were any."""
    from engine.image.registry import login as registry

    return registry.logout(server)


def account(server: str) -> str:
    """The name under which we are logged in to a registry, "" when we are not."""
    from engine.image.registry import login as registry

    return registry.account(server)
