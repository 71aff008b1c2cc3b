"""Read a container's log: what was written and, when followed, what is being written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine import paths
from engine.kernel.inotify import (
    IN_CREATE,
    IN_DELETE,
    IN_DELETE_SELF,
    IN_MODIFY,
    IN_MOVED_TO,
    Watch,
)
from engine.runtime import launcher, status
from engine.runtime.logfiles import Files
from engine.runtime.logformat import Frame, Lines
from schemas.records import LogLine

if TYPE_CHECKING:
    from schemas.specs import LogQuery

# Changes wake a follower; this is for the one that no file tells of: a shim that was killed.
_LOOK_EVERY = 2.0


def read(id: str, query: LogQuery, *, before: bytes = b"") -> LogStream:
    """The lines asked for, oldest first, each with ``before`` in front; followed, it goes on until the container has ended."""
    return LogStream(id, query, before)


class LogStream:
    """An iterator over lines that ``close()`` ends from any thread."""

    def __init__(self, id: str, query: LogQuery, before: bytes) -> None:
        self._id = id
        self._before = before
        self._query = query
        self._watch: Watch | None = None
        if query.get("follow"):
            self._watch = Watch()
            self._watch.add(
                paths.container_dir(id), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF
            )
            # It has ended when its state is gone from here, which is the last thing its shim does.
            self._watch.add(paths.runtime_dir(id), IN_DELETE | IN_DELETE_SELF)
        self._lines = self._run()

    def __iter__(self) -> Iterator[LogLine]:
        return self

    def __next__(self) -> LogLine:
        line = next(self._lines)
        return line._replace(line=self._before + line.line) if self._before else line

    def close(self) -> None:
        if self._watch is not None:
            self._watch.end()

    def _run(self) -> Iterator[LogLine]:
        since, until = self._query.get("since") or 0.0, self._query.get("until") or float("inf")
        lines = Lines()
        try:
            for frame in self._frames():
                if frame.time > until:
                    break
                for line in lines.feed(frame):
                    if line.time >= since:
                        yield line
            for line in lines.end():
                if line.time >= since:
                    yield line
        finally:
            if self._watch is not None:
                self._watch.close()

    def _frames(self) -> Iterator[Frame]:
        """Frames from the right place on, over all files, and new ones while the container runs."""
        files = Files(self._id)
        skip = _lines_to_skip(self._id, self._query.get("tail"))
        try:
            while True:
                # Asked before reading: what was written before the end is read after it.
                active = self._watch is not None and status.read(self._id).state in status.ACTIVE
                for frame in files.read():
                    if skip:
                        frame, skip = _drop_lines(frame, skip)
                        if not frame.data:
                            continue
                    yield frame
                if self._watch is None or self._watch.ended:
                    return
                if not active:
                    if status.read(self._id).state not in status.ACTIVE:
                        return
                    continue  # it has been started again meanwhile
                if not self._watch.wait(_LOOK_EVERY):
                    launcher.adopt_if_lost(self._id)
        finally:
            files.close()


def _lines_to_skip(id: str, tail: int | None) -> int:
    """How many of the present lines come before the last ``tail``."""
    if tail is None or tail < 0:
        return 0
    files = Files(id)
    count = 0
    open_lines: dict[int, bool] = {}
    try:
        for frame in files.read():
            count += frame.data.count(b"\n")
            open_lines[frame.stream] = not frame.data.endswith(b"\n")
    finally:
        files.close()
    return max(0, count + sum(open_lines.values()) - tail)


def _drop_lines(frame: Frame, skip: int) -> tuple[Frame, int]:
    """The frame without its first ``skip`` lines, and how many are still to be dropped."""
    count = frame.data.count(b"\n")
    if count <= skip:
        # What follows the last newline belongs to the next line, which is dropped or kept as a whole below.
        rest = frame.data[frame.data.rfind(b"\n") + 1 :] if count == skip else b""
        return frame._replace(data=rest), skip - count
    pieces = frame.data.split(b"\n", skip)
    return frame._replace(data=pieces[-1]), 0
