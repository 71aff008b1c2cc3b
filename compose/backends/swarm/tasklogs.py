"""Logs of services: the manager collects them from the nodes, and says of every line which task wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compose.backends.docker.client import Client
from compose.backends.docker.frames import Frames, Name
from compose.backends.docker.streams import Following
from compose.backends.docker.times import seconds, text
from schemas.services import TaskLine
from schemas.specs import LogQuery

_TASK, _NODE = b"com.docker.swarm.task.id", b"com.docker.swarm.node.id"


def logs(client: Client, service: Mapping[str, Any], query: LogQuery) -> Following[TaskLine]:
    """The lines of a service's tasks, in the order in which they reach the manager."""
    wanted: dict[str, str | int | bool | None] = {
        "stdout": True,
        "stderr": True,
        "timestamps": True,
        "details": True,
        "follow": bool(query.get("follow")),
        "tail": str(query["tail"]) if "tail" in query else "all",
    }
    if query.get("since"):
        wanted["since"] = text(query["since"])
    container = service["Spec"]["TaskTemplate"].get("ContainerSpec") or {}
    parse = _raw if container.get("TTY") else _framed
    path = f"/services/{service['ID']}/logs"
    response = client.wire.stream("GET", path, wanted, what=f"logs of {service['Spec']['Name']}")
    until = query.get("until")
    return Following(response, lambda chunks: _until(parse(chunks), until))


def _until(lines: Iterator[TaskLine], until: float | None) -> Iterator[TaskLine]:
    """Services know no end of a period: what is later is left out here."""
    return lines if until is None else (line for line in lines if line.time <= until)


def _framed(chunks: Iterator[bytes]) -> Iterator[TaskLine]:
    frames = Frames()
    for chunk in chunks:
        for stream, piece in frames.feed(chunk):
            yield _line(stream, piece)


def _raw(chunks: Iterator[bytes]) -> Iterator[TaskLine]:
    """A terminal's output is not framed; every line still begins with time and details."""
    held = b""
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            yield _line("stdout", line)
    if held:
        yield _line("stdout", held)


def _line(stream: Name, piece: bytes) -> TaskLine:
    """``2026-01-02T03:04:05.678Z com.docker.swarm.node.id=…,com.docker.swarm.task.id=… text``"""
    stamp, _, rest = piece.partition(b" ")
    words, _, data = rest.partition(b" ")
    details = dict(word.partition(b"=")[::2] for word in words.split(b","))
    return TaskLine(
        seconds(stamp.decode("ascii", "replace")),
        stream,
        data.removesuffix(b"\n").removesuffix(b"\r"),
        details.get(_TASK, b"").decode("ascii", "replace"),
        details.get(_NODE, b"").decode("ascii", "replace"),
    )
