"""A blob into a registry: not at all when it is there, by mounting it from a repository that has it, or byte by byte.

The bytes go in one request; after a cut connection the registry is asked how far it came (distribution spec, "Pushing
blobs"; Docker's client uploads the same way, so every registry knows it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.image.registry.client import ATTEMPTS, Answer, Repository, Wanted, pause
from engine.image.registry.errors import Unreachable
from engine.image.registry.manifests import Descriptor
from schemas.errors import EngineError, Failed, NotFound, Unavailable
from schemas.typed import NamedTuple

Content = Callable[[int], Iterator[bytes]]  # from an offset on
_OCTETS = "application/octet-stream"
_WHOLE = 1 << 20  # what is smaller goes with the request that ends the upload


class Outcome(NamedTuple):
    """``state``: exists, mounted or pushed; ``source``: the repository it was mounted from."""

    state: str
    source: str = ""


def upload(
    repository: Repository, blob: Descriptor, content: Content, *, sources: list[str]
) -> Outcome:
    """See that the repository has the blob. ``sources``: other repositories of the registry that may have it.

    Raises what ``Repository.ask`` does.
    """
    short = f"{repository.path} (blob {blob.digest[:19]})"
    there = repository.ask(Wanted("HEAD", f"blobs/{blob.digest}", short, accept=(200, 404)))
    if there.status == 200:
        return Outcome("exists")
    location = ""
    for source in sources:
        answer = _mount(repository, blob, source, short)
        if answer is not None and answer.status == 201:
            return Outcome("mounted", source)
        location = _location(repository, answer) if answer else location
    if not location:
        location = _begin(repository, short)
    if blob.size > _WHOLE:
        location = _send(repository, location, blob, content, short)
        _end(repository, location, blob, b"", short)
    else:
        _end(repository, location, blob, b"".join(content(0)), short)
    return Outcome("pushed")


def _mount(repository: Repository, blob: Descriptor, source: str, short: str) -> Answer | None:
    """The registry's answer: 201 done, 202 "send it then"; None when it refuses even to talk about it."""
    path = f"blobs/uploads/?mount={blob.digest}&from={source}"
    scope = f"repository:{source}:pull"
    try:
        return repository.ask(Wanted("POST", path, short, accept=(201, 202), scopes=(scope,)))
    except Unavailable:
        raise
    except EngineError:
        return None


def _begin(repository: Repository, short: str) -> str:
    answer = repository.ask(Wanted("POST", "blobs/uploads/", short, accept=(202,)))
    return _location(repository, answer)


def _send(
    repository: Repository, location: str, blob: Descriptor, content: Content, short: str
) -> str:
    """Send the bytes, from where the registry says it has them; the place to end the upload at."""
    offset = failures = 0
    while True:
        headers = {"Content-Type": _OCTETS, "Content-Length": str(blob.size - offset)}
        if offset:
            headers["Content-Range"] = f"{offset}-{blob.size - 1}"
        start = offset
        wanted = Wanted(
            "PATCH",
            location,
            short,
            headers,
            (202, 204),
            lambda start=start: content(start),  # type: ignore[misc]
        )
        try:
            return _location(repository, repository.ask(wanted))
        except Unavailable:
            if repository.closed:
                raise
            failures += 1
            if failures >= ATTEMPTS:
                raise
            pause(failures - 1)
            location, offset = _resume(repository, location, short)
            if offset > start:
                failures = 1
            if offset >= blob.size:
                return location


def _resume(repository: Repository, location: str, short: str) -> tuple[str, int]:
    """Where an upload goes on; it begins anew when the registry has forgotten it."""
    wanted = Wanted("GET", location, short, accept=(204,))
    try:
        answer = repository.ask(wanted)
    except Unreachable:
        raise
    except (NotFound, Failed):
        return _begin(repository, short), 0
    last = answer.headers.get("range", "").partition("-")[2]
    # "0-0" stands for nothing as well as for one byte.
    offset = int(last) + 1 if last.isdigit() and last != "0" else 0
    return _location(repository, answer) if "location" in answer.headers else location, offset


def _end(repository: Repository, location: str, blob: Descriptor, rest: bytes, short: str) -> None:
    separator = "&" if "?" in location else "?"
    headers = {"Content-Type": _OCTETS, "Content-Length": str(len(rest))}
    path = f"{location}{separator}digest={blob.digest}"
    try:
        repository.ask(Wanted("PUT", path, short, headers, (201, 204), rest))
    except NotFound:
        # The answer to a first try may have been lost: then the upload has ended, and the blob is there.
        repository.ask(Wanted("HEAD", f"blobs/{blob.digest}", short))


def _location(repository: Repository, answer: Answer) -> str:
    """Where the registry wants the next request of an upload. Failed when it does not say."""
    location = answer.headers.get("location", "")
    if not location:
        raise Failed(f"{repository.place.registry} began an upload without saying where")
    return repository.url(location)
