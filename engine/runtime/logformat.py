"""The container's log: frames of a 16-byte header and the bytes of one read, as they came. Pure.

Header: time (float64, epoch seconds), stream (1 stdout, 2 stderr), 3 bytes of zero, length (uint32), little endian. Writing
costs one system call a read and no look at the bytes; whoever reads splits lines and gives each its frame's time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from schemas.records import LogLine
from schemas.typed import NamedTuple

HEADER = struct.Struct("<dBxxxI")
BEGINNING = (
    8  # bytes: the time of a file's first frame, which tells it from the files before and after it
)
STDOUT, STDERR = 1, 2
_NAMES: dict[int, Literal["stdout", "stderr"]] = {STDOUT: "stdout", STDERR: "stderr"}
# A line without end must not grow without end.
LONGEST_LINE = 1 << 20
LARGEST_FRAME = 1 << 24


class Frame(NamedTuple):
    time: float
    stream: int
    data: bytes


def encode(time: float, stream: int, length: int) -> bytes:
    """The header of a frame."""
    return HEADER.pack(time, stream, length)


def beginning_time(beginning: bytes) -> float:
    """The time of the first frame of a file that begins so; 0.0 when that is too short."""
    return float(struct.unpack("<d", beginning)[0]) if len(beginning) == BEGINNING else 0.0


class Decoder:
    """Bytes of a log in, whole frames out; a frame cut short by a full disk ends the log."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. ValueError when the bytes are no log."""
        buffer = self._rest + data if self._rest else data
        position, end = 0, len(buffer)
        while end - position >= HEADER.size:
            time, stream, length = HEADER.unpack_from(buffer, position)
            if stream not in _NAMES or length > LARGEST_FRAME:
                raise ValueError("damaged log")
            start = position + HEADER.size
            if end - start < length:
                break
            yield Frame(time, stream, buffer[start : start + length])
            position = start + length
        self._rest = buffer[position:]


class Lines:
    """Frames in, lines out: parts of a line are joined, whatever reads they came in."""

    def __init__(self) -> None:
        self._parts: dict[int, Frame] = {}

    def feed(self, frame: Frame) -> Iterator[LogLine]:
        """The lines that the frame completes."""
        name = _NAMES[frame.stream]
        pieces = frame.data.split(b"\n")
        last = pieces.pop()
        part = self._parts.pop(frame.stream, None)
        if part is not None:
            if pieces:
                yield LogLine(part.time, name, part.data + pieces.pop(0))
            else:
                last, frame = part.data + last, part
        for piece in pieces:
            yield LogLine(frame.time, name, piece)
        if len(last) > LONGEST_LINE:
            yield LogLine(frame.time, name, last)
        elif last:
            self._parts[frame.stream] = Frame(frame.time, frame.stream, last)

    def end(self) -> Iterator[LogLine]:
        """What is left without a newline."""
        for stream, part in sorted(self._parts.items(), key=lambda item: item[1].time):
            yield LogLine(part.time, _NAMES[stream], part.data)
        self._parts.clear()
