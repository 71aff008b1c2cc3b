"""Read the journal of events: what has happened, and what happens from now on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import BinaryIO

from engine.kernel.inotify import IN_CREATE, IN_MODIFY, IN_MOVED_TO, Watch
from engine.state import journal
from engine.state.containers import matches
from schemas.records import Event


class EventStream:
    """Events in the order they were written. Follows until ``until`` or ``close()``, which any thread may call."""

    def __init__(
        self,
        *,
        labels: dict[str, str] | None = None,
        since: float | None = None,
        until: float | None = None,
        follow: bool = True,
    ) -> None:
        self._labels = labels or {}
        # Without a beginning, a follower wants what is new and a reader wants everything.
        self._since = since if since is not None else (time.time() if follow else 0.0)
        self._until = until
        self._follow = follow
        self._watch = Watch() if follow else None
        if self._watch is not None:
            directory = os.path.dirname(journal.path())
            os.makedirs(directory, mode=0o711, exist_ok=True)
            self._watch.add(directory, IN_CREATE | IN_MOVED_TO)
        self._events = self._run()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        if self._watch is not None:
            self._watch.end()

    def _run(self) -> Iterator[Event]:
        try:
            yield from self._wanted()
        finally:
            if self._watch is not None:
                self._watch.close()

    def _wanted(self) -> Iterator[Event]:
        for event in self._lines():
            if self._until is not None and event.time > self._until:
                return
            if event.time >= self._since and matches(event.attributes, self._labels):
                yield event

    def _lines(self) -> Iterator[Event]:
        old = _open(journal.path() + ".1")
        if old is not None:
            with old:
                if os.fstat(old.fileno()).st_mtime >= self._since:
                    yield from _read(old)
        file = _open(journal.path())
        try:
            while True:
                if file is not None:
                    if self._watch is not None:
                        self._watch.add(journal.path(), IN_MODIFY)
                    yield from _read(file)
                if self._watch is None or self._watch.ended:
                    return
                if file is None or _rotated(file):
                    fresh = _open(journal.path())
                    if fresh is not None:
                        if file is not None:
                            yield from _read(file)
                            file.close()
                        file = fresh
                        continue
                left = None if self._until is None else self._until - time.time()
                if left is not None and left <= 0:
                    return
                self._watch.wait(left)
        finally:
            if file is not None:
                file.close()


def _open(path: str) -> BinaryIO | None:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        return None


def _rotated(file: BinaryIO) -> bool:
    try:
        return os.stat(journal.path()).st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False


def _read(file: BinaryIO) -> Iterator[Event]:
    """The whole lines from here to the end; a line that is still being written is left for the next time."""
    while True:
        here = file.tell()
        line = file.readline()
        if not line.endswith(b"\n"):
            file.seek(here)
            return
        try:
            yield Event(*json.loads(line))
        except (ValueError, TypeError):
            continue  # torn by a crash in the middle of a write
