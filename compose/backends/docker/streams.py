"""Logs and events as they come. ``close`` ends an iteration from any thread."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

from compose.backends.docker import containers, records, times
from compose.backends.docker.client import Client
from compose.backends.docker.frames import Frames, Lines, Pieces
from schemas.errors import Unsupported
from schemas.records import Event, LogLine
from schemas.specs import LogQuery

if TYPE_CHECKING:
    from collections.abc import Callable

    from compose.backends.docker.wire import Response

T = TypeVar("T")
_PRECISION = 1e-6  # seconds; a float of our days has no more, and the daemon counts nanoseconds


class Following(Generic[T]):
    """What ``parse`` makes of a response, until its end or ``close``."""

    def __init__(self, response: Response, parse: Callable[[Iterator[bytes]], Iterator[T]]) -> None:
        self._response = response
        self._ended = False
        self._items = self._run(parse)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        return next(self._items)

    def close(self) -> None:
        self._ended = True
        self._response.connection.end()

    def _run(self, parse: Callable[[Iterator[bytes]], Iterator[T]]) -> Iterator[T]:
        try:
            for item in parse(self._chunks()):
                if self._ended:
                    return
                yield item
        finally:
            self._response.close()

    def _chunks(self) -> Iterator[bytes]:
        while not self._ended and (data := self._response.read()):
            yield data


def logs(client: Client, id: str, query: LogQuery) -> Following[LogLine]:
    """Unsupported where the logging driver keeps nothing to read, NotFound."""
    found = containers.look(client, id)
    driver = (found["HostConfig"].get("LogConfig") or {}).get("Type")
    if driver == "none":
        raise Unsupported(
            f'container "{found["Name"].lstrip("/")}": the logging driver "none" keeps nothing to read'
        )
    since = query.get("since") or 0.0
    response = client.wire.stream(
        "GET",
        containers.path(found["Id"], "logs"),
        {
            "stdout": True,
            "stderr": True,
            "timestamps": True,
            "follow": bool(query.get("follow")),
            "tail": query.get("tail", "all"),
            "details": bool(query.get("details")),
            "since": times.text(since - _PRECISION) if since else None,
            "until": times.text(query["until"]) if query.get("until") else None,
        },
    )
    parse = _raw_lines if found["Config"].get("Tty") else _framed_lines
    return Following(
        response, lambda chunks: (line for line in parse(chunks) if line.time >= since)
    )


def _framed_lines(chunks: Iterator[bytes]) -> Iterator[LogLine]:
    frames, lines = Frames(), Lines()
    for chunk in chunks:
        for stream, piece in frames.feed(chunk):
            line = lines.feed(stream, piece)
            if line is not None:
                yield line
    yield from lines.rest()


def _raw_lines(chunks: Iterator[bytes]) -> Iterator[LogLine]:
    pieces, lines = Pieces(), Lines()
    for chunk in chunks:
        for stream, piece in pieces.feed(chunk):
            line = lines.feed(stream, piece)
            if line is not None:
                yield line
    rest = pieces.rest()
    if rest:
        lines.feed("stdout", rest)
    yield from lines.rest()


def events(
    client: Client,
    *,
    labels: dict[str, str] | None,
    since: float | None,
    until: float | None,
    follow: bool,
) -> Following[Event]:
    """What happens to what has the labels; with ``since`` also what the daemon still remembers."""
    filters = json.dumps({"label": containers.words(labels)}) if labels else None
    if not follow:
        since = since or 0.0
        until = min(until, time.time()) if until else time.time()
    response = client.wire.stream(
        "GET",
        "/events",
        {
            "filters": filters,
            "since": None if since is None else times.text(since),
            "until": None if until is None else times.text(until),
        },
    )
    return Following(response, _events)


def _events(chunks: Iterator[bytes]) -> Iterator[Event]:
    held = b""
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield records.event(json.loads(line))
