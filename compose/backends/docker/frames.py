"""The daemon's framing of two streams in one: eight bytes (stream, 0, 0, 0, length), then data. Bytes in, pieces out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from compose.backends.docker.times import seconds
from schemas.records import LogLine

_HEADER = 8
Name = Literal["stdout", "stderr"]
_STREAMS: dict[int, Name] = {0: "stdout", 1: "stdout", 2: "stderr"}


class Frames:
    """Takes bytes as they come, gives whole frames as (stream, data)."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[tuple[Name, bytes]]:
        self._held += data
        while len(self._held) >= _HEADER:
            end = _HEADER + int.from_bytes(self._held[4:8], "big")
            if len(self._held) < end:
                return
            stream = _STREAMS.get(self._held[0], "stderr")
            piece, self._held = self._held[_HEADER:end], self._held[end:]
            yield stream, piece


class Pieces:
    """The same for a stream that is not framed: a part of it is as good as another."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[tuple[Name, bytes]]:
        """Whole lines, so that each begins with its timestamp."""
        text = self._held + data
        head, newline, self._held = text.rpartition(b"\n")
        for line in (head + newline).splitlines(keepends=True) if newline else ():
            yield "stdout", line

    def rest(self) -> bytes:
        """What no newline has ended."""
        data, self._held = self._held, b""
        return data


class Lines:
    """Frames of a log with timestamps as lines. A long line comes in several frames, each with a timestamp of its own."""

    def __init__(self) -> None:
        self._begun: dict[Name, tuple[float, bytes]] = {}

    def feed(self, stream: Name, piece: bytes) -> LogLine | None:
        stamp, _, data = piece.partition(b" ")
        moment, before = self._begun.pop(stream, (0.0, b""))
        moment = moment or seconds(stamp.decode("ascii", "replace"))
        if not data.endswith(b"\n"):
            self._begun[stream] = (moment, before + data)
            return None
        return LogLine(moment, stream, (before + data)[:-1])

    def rest(self) -> Iterator[LogLine]:
        """What no newline has ended."""
        for stream, (moment, data) in self._begun.items():
            yield LogLine(moment, stream, data)
        self._begun.clear()
