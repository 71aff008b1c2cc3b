"""The process that unpacks a layer for another one, see ``aside``."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

from engine.kernel import prctl
from engine.snapshot import layer
from engine.snapshot.source import ChunkSource, FollowedSource
from schemas.errors import EngineError

_CHUNK = 1 << 20


def main(directory: str, file: int, parent: int) -> None:
    """Unpack standard input into ``directory`` and say what came of it on standard output; ``file``: a descriptor that the
    tar is read from instead, as far as standard input says. ``parent``: who waits for that."""
    # What lies in the pipe of a killed command is not to be unpacked any more: the next one erases the directory. The
    # signal comes when the thread ends that made us, and that one waits until we do.
    prctl.pdeathsig(signal.SIGKILL)
    if os.getppid() != parent:
        return
    source = FollowedSource(file, 0) if file >= 0 else ChunkSource(_input())
    answer: dict[str, object]
    try:
        answer = {"size": layer.unpack(source, directory)}
        source.drain()
    except EngineError as err:
        number = getattr(err.__cause__, "errno", 0) or 0
        answer = {"kind": type(err).__name__, "message": err.message, "errno": number}
    except MemoryError:
        answer = {"kind": "Failed", "message": "unpacking the layer: out of memory", "errno": 0}
    os.write(1, json.dumps(answer).encode())


def _input() -> Iterator[bytes]:
    while data := os.read(0, _CHUNK):
        yield data
