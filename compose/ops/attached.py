"""What is seen of a project while ``up`` stays in front: output of its services, and their ends."""

from __future__ import annotations

import time

from compose.ops.follow import Drained, Follower, Item, Life, Note, Output
from compose.ops.selection import ALIVE, is_one_off, short_name
from schemas import labels
from schemas.engine import Engine
from schemas.errors import EngineError, NotFound
from schemas.records import ContainerInfo, Event
from schemas.typed import NamedTuple


class Exited(NamedTuple):
    """A container has ended, and all its output has been seen. ``shown``: it is one of those attached to; ``again``: its
    restart policy starts it anew."""

    info: ContainerInfo
    code: int
    shown: bool
    again: bool = False


class Attached:
    """Follows the services of a project from before they start. Iterate with ``items`` from one thread.

    ``shown`` services are read, the other ``watched`` ones are only waited for. A container that runs already shows what
    it writes from now on; one that is started shows everything since ``since``.
    """

    def __init__(
        self,
        engine: Engine,
        project: str,
        *,
        watched: frozenset[str],
        shown: frozenset[str],
        since: float,
    ) -> None:
        self._engine = engine
        self._project = project
        self._watched = watched | shown
        self._shown = shown
        self._since = since
        self._follower = Follower(engine)
        self._codes: dict[
            str, int
        ] = {}  # what the events told, for containers that are removed at once
        self._followed: set[str] = set()  # until its end has been given out
        self._died: dict[str, Exited] = {}  # whether it starts again is not known yet
        self._between: set[str] = set()  # those about to start again, whose logs came to an end
        self._starts: dict[str, float] = {}  # the last start that was seen, by container
        # The time of the last line that was seen, and how many have that time: where to go on after a restart.
        self._seen: dict[str, tuple[float, int]] = {}
        self._follower.watch({labels.PROJECT: project}, since)

    def join(self, containers: list[ContainerInfo]) -> None:
        """Follow those that run already."""
        for info in containers:
            if self._concerns(info) and info.state in ALIVE:
                self._starts[info.id] = info.started
                self._seen[info.id] = (time.time(), 0)
                self._follow(info)

    def items(self, timeout: float) -> list[Output | Note | Exited]:
        """What was written and who ended, in the order of time; after ``timeout`` seconds at the latest."""
        return self._told(self._follower.items(timeout))

    def rest(self) -> list[Output | Note | Exited]:
        """What has come and was not given out yet."""
        found: list[Output | Note | Exited] = []
        while items := self._follower.items(0.0):
            found += self._told(items)
        # Stopped before it could start again: nothing more comes of it.
        ended = [id for id in self._died if id in self._between]
        return found + [self._died.pop(id)._replace(again=False) for id in ended]

    def over(self) -> bool:
        """Whether no shown container runs, and everything about those that ran has been seen.

        Asked when all have been started. The truth is the engine's: an event may still be on its way.
        """
        if self._follower.following or self._followed:
            return False
        for info in self._engine.containers(labels={labels.PROJECT: self._project}, all=True):
            if not self._concerns(info) or not self._is_shown(info):
                continue
            fresh = info.started >= self._since
            if info.state in ALIVE or (fresh and self._starts.get(info.id, 0.0) < info.started):
                return False
        return True

    def hear(self, name: str, line: bytes) -> None:
        """What a hook of the container ``name`` has written; may be called from any thread."""
        try:
            info = self._engine.container(name)
        except NotFound:
            return
        if self._is_shown(info):
            self._follower.note(f"{short_name(info)} ->", line)

    def wake(self) -> None:
        """Let ``items`` return; may be called from a signal handler."""
        self._follower.wake()

    def close(self) -> None:
        """Follow nothing any more."""
        self._follower.close()

    def _told(self, items: list[Item]) -> list[Output | Note | Exited]:
        found: list[Output | Note | Exited] = []
        died = list(self._died)
        for item in items:
            if isinstance(item, Note):
                found.append(item)
            elif isinstance(item, Output):
                found.append(item)
                last, count = self._seen.get(item.info.id, (0.0, 0))
                again = item.line.time == last
                self._seen[item.info.id] = (item.line.time, count + 1 if again else 1)
            elif isinstance(item, Life):
                found += self._lived(item.event)
            elif isinstance(item, Drained):
                found += self._ended(item.info)
        return found + self._restarting(died)

    def _concerns(self, info: ContainerInfo) -> bool:
        return not is_one_off(info) and info.labels.get(labels.SERVICE, "") in self._watched

    def _restarting(self, died: list[str]) -> list[Exited]:
        """Ends of containers that are about to start again. An event is faster than the log: what they said before it has
        come by now, because ``died`` is from before the last items."""
        found = []
        for id in died:
            if id not in self._died:
                continue
            try:
                state = self._engine.container(id).state
            except NotFound:
                continue
            if state == "restarting":
                found.append(self._died.pop(id))
        return found

    def _lived(self, event: Event) -> list[Exited]:
        if event.action not in ("start", "die"):
            return []
        code = int(event.attributes.get("exitCode") or 0)
        if event.action == "die":
            self._codes[event.id] = code
        try:
            info = self._engine.container(event.id)
        except NotFound:
            return []
        if not self._concerns(info):
            return []
        if event.action == "die":
            self._died[info.id] = Exited(info, code, self._is_shown(info), again=True)
            return []
        self._starts[info.id] = event.time
        self._between.discard(info.id)
        if info.id not in self._followed:
            self._follow(info)
        return [self._died.pop(info.id)] if info.id in self._died else []

    def _follow(self, info: ContainerInfo) -> None:
        """Follow its output, or (not shown, or its log is not kept) only wait for its end."""
        self._followed.add(info.id)
        if self._is_shown(info):
            since, skip = self._seen.get(info.id, (self._since, 0))
            try:
                self._follower.add(info, {"since": since}, skip=skip)
                return
            except EngineError:
                pass  # the logging driver keeps nothing
        self._follower.await_end(info)

    def _ended(self, info: ContainerInfo) -> list[Exited]:
        self._followed.discard(info.id)
        try:
            now = self._engine.container(info.id)
        except NotFound:
            code = self._codes.get(info.id, info.exit_code)
            return [Exited(info, code, self._is_shown(info))]
        if now.state == "restarting" or self._starts.get(info.id, 0.0) < now.started:
            self._between.add(info.id)
            return []  # it is followed when the news of its start comes
        if now.state in ALIVE or now.started > info.started:
            # Started again while its log was read to the end; a short life may even be over by now, and has spoken too.
            self._follow(now)
            return []
        self._died.pop(info.id, None)
        return [Exited(now, now.exit_code, self._is_shown(now))]

    def _is_shown(self, info: ContainerInfo) -> bool:
        return info.labels.get(labels.SERVICE) in self._shown
