"""Images of a daemon: list, look at, name, remove, load, import, save."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from compose.backends.docker import records
from compose.backends.docker.client import Client
from compose.backends.docker.progress import follow
from compose.backends.docker.wire import quote
from schemas.engine import Sink
from schemas.errors import Failed, InvalidArgument, NotFound
from schemas.records import ImageInfo, Progress

_CHUNK = 1 << 20


def path(reference: str, *more: str) -> str:
    """Where an image is in the API."""
    if not reference.strip():
        raise InvalidArgument("an image needs a name")
    return "/".join(("/images", quote(reference.strip(), slash=True), *more))


def images(client: Client) -> list[ImageInfo]:
    """Every image, newest first."""
    rows = client.wire.get("/images/json")
    found = []
    for status, document in client.wire.many([path(row["Id"], "json") for row in rows]):
        if status < 400:  # else it was removed since it was listed
            found.append(records.image(document))
    return sorted(found, key=lambda info: -info.created)


def image(client: Client, reference: str) -> ImageInfo | None:
    """By reference, digest or id prefix; None when it is not here."""
    try:
        return records.image(inspect(client, reference))
    except NotFound:
        return None


def inspect(client: Client, reference: str) -> dict[str, object]:
    """As ``docker image inspect``; NotFound."""
    with _named(reference):
        found: dict[str, object] = client.wire.get(path(reference, "json"))
    return found


@contextmanager
def _named(reference: str) -> Iterator[None]:
    """Say what is missing as it was asked for; the daemon adds a tag to it."""
    try:
        yield
    except NotFound as error:
        raise NotFound(f"No such image: {reference}") from error


def tag(client: Client, reference: str, name: str) -> None:
    repository, tag = split(name)
    with _named(reference):
        client.wire.post(path(reference, "tag"), {"repo": repository, "tag": tag})


def split(name: str) -> tuple[str, str]:
    """Repository and tag; ``latest`` when there is none. InvalidArgument for a digest."""
    if "@" in name:
        raise InvalidArgument("refusing to create a tag with a digest reference")
    head, slash, last = name.rpartition("/")
    base, _, tag = last.partition(":")
    return f"{head}{slash}{base}", tag or "latest"


def remove(client: Client, reference: str, *, force: bool) -> list[str]:
    """What was done, in Docker's words."""
    with _named(reference):
        done = client.wire.delete(path(reference), {"force": force})
    return [f"{action}: {name}" for each in done or () for action, name in each.items()]


def load(client: Client, source: str, *, sink: Sink) -> list[ImageInfo]:
    """Load a ``docker save`` or OCI archive; the images, with the names that it gives."""
    names: list[str] = []
    with _input(source) as file:
        response = client.wire.send("POST", "/images/load", {"quiet": False}, file)
    try:
        for line in follow(json_lines(response.read), sink, f"load {source}"):
            said = str(line.get("stream") or "")
            names += [
                said.removeprefix(word).strip()
                for word in ("Loaded image: ", "Loaded image ID: ")
                if said.startswith(word)
            ]
    finally:
        response.close()
    if not names:
        raise Failed(f"load {source}: the archive names no image")
    found: dict[str, ImageInfo] = {}
    for name in names:
        info = image(client, name)
        if info is None:
            raise NotFound(f"{name} was removed while it was loaded")
        before = found.get(info.id)
        own = () if name.startswith("sha256:") else (name,)
        found[info.id] = info._replace(tags=(*(before.tags if before else ()), *own))
    return list(found.values())


def import_image(
    client: Client, source: str, reference: str, *, changes: list[str], message: str, sink: Sink
) -> ImageInfo:
    """Make a one-layer image of a root filesystem tar."""
    repository, tag = split(reference) if reference else ("", "")
    query = {"fromSrc": "-", "repo": repository, "tag": tag, "message": message}
    shown = reference or source
    sink(Progress(f"Image {shown}", "Importing", "working"))
    id = ""
    with _input(source) as file:
        response = client.wire.send(
            "POST", "/images/create", query, file, many={"changes": changes}
        )
    try:
        for line in follow(json_lines(response.read), lambda progress: None, f"import {source}"):
            id = str(line.get("status") or id)
    finally:
        response.close()
    sink(Progress(f"Image {shown}", "Imported", "done"))
    found = image(client, id)
    if found is None:
        raise NotFound(f"{shown} was removed while it was imported")
    return found


def commit(
    client: Client,
    id: str,
    reference: str,
    *,
    author: str,
    message: str,
    changes: list[str],
    pause: bool,
) -> str:
    """Make an image of a container; its id."""
    repository, name = split(reference) if reference else ("", "")
    query: dict[str, str | int | bool | None] = {
        "container": id, "repo": repository, "tag": name, "author": author, "comment": message,
        "changes": "\n".join(changes), "pause": pause,
    }  # fmt: skip
    return str(client.wire.post("/commit", query, {})["Id"])


def save(client: Client, references: list[str], target: str) -> None:
    """Write an archive; a file appears only when it is whole."""
    for reference in references:
        inspect(client, reference)
    names = "&".join(f"names={quote(name)}" for name in references)
    response = client.wire.stream("GET", f"/images/get?{names}")
    try:
        if target == "-":
            _copy(response.read, sys.stdout.buffer)
            return
        temporary = f"{target}.{os.getpid()}.part"
        try:
            with open(temporary, "wb") as file:
                _copy(response.read, file)
            os.rename(temporary, target)
        except BaseException:
            if os.path.exists(temporary):
                os.unlink(temporary)
            raise
    finally:
        response.close()


def _copy(read: Any, file: IO[bytes]) -> None:
    while data := read(_CHUNK):
        file.write(data)
    file.flush()


def _input(source: str) -> IO[bytes]:
    if source == "-":
        return open(os.dup(0), "rb")
    try:
        return open(source, "rb")
    except OSError as error:
        kind = NotFound if isinstance(error, FileNotFoundError) else Failed
        raise kind(f"open {source}: {(error.strerror or str(error)).lower()}") from error


def json_lines(read: Any) -> Iterator[Mapping[str, Any]]:
    """The documents of a stream, one a line."""
    held = b""
    while data := read(_CHUNK):
        *lines, held = (held + data).split(b"\n")
        yield from (json.loads(line) for line in lines if line.strip())
    if held.strip():
        yield json.loads(held)
