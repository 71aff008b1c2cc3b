"""Log in to a registry and out again: credentials are proven first, then kept where Docker's client keeps them."""

from __future__ import annotations

from engine.image import credentials
from engine.image.credentials import Credentials
from engine.image.reference import DEFAULT_DOMAIN
from engine.image.registry import resolve
from engine.image.registry.client import Repository, first_that_answers
from schemas.errors import InvalidArgument, Unauthorized


def server_name(text: str) -> str:
    """The registry that a person names: none is Docker's own, a URL counts by its host."""
    host = text.removeprefix("http://").removeprefix("https://").partition("/")[0]
    if host in ("", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"):
        return DEFAULT_DOMAIN
    return host


def account(server: str) -> str:
    """The name under which we are logged in; "" when we are not, a token stands for "<token>"."""
    found = credentials.find(server_name(server))
    if found is None:
        return ""
    return found.username or "<token>"


def login(server: str, username: str, password: str) -> str:
    """Prove name and password (none: those that are kept) and keep them; the file that holds the password in the clear, if
    one does. Raises Unauthorized when they are wrong, Unavailable."""
    registry = server_name(server)
    kept = credentials.find(registry) if not username else None
    given = kept or Credentials(username, password)
    if not given.username and not given.identity_token:
        raise InvalidArgument(f"no credentials for {registry} are kept")
    found = resolve.at(registry, given)

    def ask(repository: Repository) -> str:
        return repository.sign_in(lasting=not kept)

    try:
        token = first_that_answers(found, ask)
    except Unauthorized as err:
        raise Unauthorized(
            f"{registry} refused the login of {given.username or 'the kept token'}: {err.message}",
            hint="wrong user name or password",
        ) from err
    finally:
        for repository in found:
            repository.close()
    resolve.forget_credentials()
    if kept:
        return ""
    return credentials.store(registry, given._replace(identity_token=token))


def logout(server: str) -> bool:
    """Forget the credentials; whether there were any."""
    resolve.forget_credentials()
    return credentials.erase(server_name(server))
