"""Output and ends of several containers as one stream, in the order of time."""

from __future__ import annotations

import threading
import time
from queue import Empty, SimpleQueue

from schemas.engine import Engine, Stream
from schemas.errors import EngineError
from schemas.records import ContainerInfo, Event, LogLine
from schemas.specs import LogQuery
from schemas.typed import NamedTuple

_WINDOW = 0.02  # seconds in which lines of several containers are put in order
_BACKLOG = 20_000  # lines that may wait to be read
_LOOK_EVERY = 2.0  # seconds after which a wait for an end looks whether it is still wanted


class Output(NamedTuple):
    """A line of a container."""

    info: ContainerInfo
    line: LogLine


class Life(NamedTuple):
    """Something happened to a container of the project."""

    event: Event


class Note(NamedTuple):
    """A line that was written beside the containers' logs: by a lifecycle hook."""

    name: str
    line: LogLine


class Drained(NamedTuple):
    """A container's log has come to its end."""

    info: ContainerInfo


class Wake(NamedTuple):
    """Somebody called ``wake``."""


Item = Output | Life | Note | Drained | Wake


class Follower:
    """Follows containers, each in a thread of its own; iterate over ``items``, from one thread, until ``close``.

    ``watch`` adds the life of the project: what is created and started later can then be followed too.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._streams: dict[str, Stream[LogLine] | None] = {}
        self._events: Stream[Event] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def watch(self, labels: dict[str, str], since: float) -> None:
        """Report the events of containers with these labels from ``since`` on."""
        events = self._events = self._engine.events(labels=labels, since=since, follow=True)

        def pump() -> None:
            for event in events:
                if event.type == "container":
                    self._queue.put(Life(event))

        threading.Thread(target=pump, daemon=True).start()

    def add(self, info: ContainerInfo, query: LogQuery, *, skip: int = 0) -> None:
        """Follow one container; ``skip`` first lines were shown already. A no-op while it is followed."""
        with self._lock:
            if info.id in self._streams or self._closed:
                return
            stream = self._streams[info.id] = self._engine.logs(info.id, {**query, "follow": True})

        def pump() -> None:
            try:
                for count, line in enumerate(stream):
                    if count >= skip:
                        self._queue.put(Output(info, line))
                    while self._queue.qsize() > _BACKLOG and not self._closed:
                        time.sleep(
                            _WINDOW
                        )  # a reader that is slower than the containers must not cost memory
            except EngineError:
                pass  # removed while it was followed: its log has ended
            self._drained(info)

        threading.Thread(target=pump, daemon=True).start()

    def await_end(self, info: ContainerInfo) -> None:
        """Report only the end of a container (``Drained``). A no-op while it is followed."""
        with self._lock:
            if info.id in self._streams or self._closed:
                return
            self._streams[info.id] = None

        def pump() -> None:
            while not self._closed:
                try:
                    self._engine.wait(info.id, timeout=_LOOK_EVERY)
                except TimeoutError:
                    continue
                except EngineError:
                    pass  # removed: it has ended
                break
            self._drained(info)

        threading.Thread(target=pump, daemon=True).start()

    def _drained(self, info: ContainerInfo) -> None:
        # Both under the lock: when nothing is followed any more, every end has been reported.
        with self._lock:
            self._streams.pop(info.id, None)
            self._queue.put(Drained(info))

    def note(self, name: str, line: bytes) -> None:
        """Have a line among the items; may be called from any thread."""
        self._queue.put(Note(name, LogLine(time.time(), "stdout", line)))

    def wake(self) -> None:
        """Let ``items`` return at once; may be called from a signal handler."""
        self._queue.put(Wake())

    @property
    def following(self) -> bool:
        """Whether any container is still followed."""
        with self._lock:
            return bool(self._streams)

    def items(self, timeout: float | None = None) -> list[Item]:
        """The next items in the order of time; empty after ``timeout`` seconds without any."""
        try:
            batch = [self._queue.get(timeout=timeout)]
        except Empty:
            return []
        deadline = time.monotonic() + _WINDOW
        while (left := deadline - time.monotonic()) > 0:
            try:
                batch.append(self._queue.get(timeout=left))
            except Empty:
                break
        return sorted(batch, key=_moment)

    def close(self) -> None:
        """End all threads."""
        with self._lock:
            self._closed = True
            streams = list(self._streams.values())
        for stream in streams:
            if stream is not None:
                stream.close()
        if self._events is not None:
            self._events.close()


def _moment(item: Item) -> float:
    if isinstance(item, (Output, Note)):
        return item.line.time
    if isinstance(item, Life):
        return item.event.time
    return float("inf")  # the end of a log comes after its lines
