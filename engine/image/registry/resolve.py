"""From a reference to what it names: the place that answers for it, and its manifest or index."""

from __future__ import annotations

import functools

from engine.image import credentials
from engine.image import digest as digests
from engine.image import reference as references
from engine.image.credentials import Credentials
from engine.image.reference import Reference
from engine.image.registry import settings
from engine.image.registry.client import Repository, Wanted, first_that_answers
from engine.image.registry.manifests import ACCEPT, Document, document
from engine.image.registry.places import places
from schemas.errors import Failed


def repositories(reference: Reference, *, writes: bool = False) -> list[Repository]:
    """The repository at every place where it can be, in the order in which they are to be tried."""
    return [
        Repository(
            place,
            reference.path,
            _credentials(place.registry),
            actions="pull,push" if writes else "pull",
        )
        for place in places(reference.domain, settings.read(), mirrors=not writes)
    ]


def at(domain: str, given: Credentials | None) -> list[Repository]:
    """A registry itself, without a repository, under credentials that are still to be proven."""
    found = places(domain, settings.read(), mirrors=False)
    return [Repository(place, "", given) for place in found]


def repository_with(reference: Reference) -> tuple[Repository, Document]:
    """The first repository that has what the reference names, to be closed by the caller; and that."""
    name = references.familiar(str(reference))
    wanted = reference.digest or reference.tag

    def ask(repository: Repository) -> tuple[Repository, Document]:
        return repository, get_document(repository, wanted, name)

    return first_that_answers(repositories(reference), ask)


def get_document(repository: Repository, wanted: str, name: str) -> Document:
    """The manifest or index under a tag or digest. Failed when it is not what its digest says."""
    answer = repository.ask(
        Wanted("GET", f"manifests/{wanted}", f"manifest for {name}", {"Accept": ACCEPT})
    )
    actual = digests.of(answer.body)
    if ":" in wanted and actual != wanted:
        raise Failed(f"{name}: the registry answered {actual} where {wanted} was asked for")
    said = answer.headers.get("docker-content-digest", "")
    if said.startswith("sha256:") and actual != said:
        raise Failed(f"{name}: the manifest has digest {actual}, but the registry says {said}")
    return document(answer.body, answer.headers.get("content-type", ""), name)


def digest_of(reference: Reference) -> str:
    """The digest that a tag stands for at this moment."""
    name = references.familiar(str(reference))

    def ask(repository: Repository) -> str:
        # HEAD does not count as a pull where pulls are counted.
        answer = repository.ask(
            Wanted("HEAD", f"manifests/{reference.tag}", f"manifest for {name}", {"Accept": ACCEPT})
        )
        found = answer.headers.get("docker-content-digest", "")
        if found:
            digests.hex_part(found)
            return found
        return get_document(repository, reference.tag, name).digest

    found = repositories(reference)
    try:
        return first_that_answers(found, ask)
    finally:
        for repository in found:
            repository.close()


@functools.lru_cache(maxsize=32)
def _credentials(registry: str) -> Credentials | None:
    """A command that pulls many images asks a credential helper once."""
    return credentials.find(registry)


def forget_credentials() -> None:
    """Ask again: ``login`` or ``logout`` has changed them."""
    _credentials.cache_clear()
