"""Logs as they are written: the past of several containers, then their present."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import nextafter
from typing import TYPE_CHECKING

from compose.ops.follow import Drained, Follower, Item, Life, Output
from compose.ops.selection import ALIVE, is_one_off, number
from schemas import labels
from schemas.errors import NotFound, Unsupported
from schemas.records import ContainerInfo, Event, Exit

if TYPE_CHECKING:
    from compose.ops.logs import Hooks, Said
    from schemas.engine import Engine
    from schemas.specs import LogQuery

_FIRST = 0.05  # seconds without a line after which the past counts as told
_PATIENCE = 0.2  # seconds that the last lines before a restart may take
_FIRST_LIMIT = 20_000  # lines of the past that are put in order at once


class Following:
    """The past and then the present of containers, until each has ended; those that start meanwhile join.

    Iterate from one thread; ``close`` ends it.
    """

    def __init__(
        self,
        engine: Engine,
        project: str,
        services: list[str],
        query: LogQuery,
        hooks: Hooks,
        *,
        index: int = 0,
    ) -> None:
        self._engine = engine
        self._services = frozenset(services)
        self._index = index
        self._query = query
        self._hooks = hooks
        self._begun = time.time()
        self._seen: dict[str, float] = {}  # the time of each container's last line
        self._followed: set[str] = set()
        self._lived: set[str] = set()  # those that ran while they were followed
        self._ended: dict[str, Exit] = {}  # ends that wait for the last line
        self._restarting: dict[str, float] = {}  # when an end is told that no end of a log follows
        self._between: set[str] = set()  # those about to start again, whose logs came to an end
        self._finished: dict[str, float] = {}  # ends that were told before the event came
        self._follower = Follower(engine)
        self._follower.watch({labels.PROJECT: project}, self._begun)

    def close(self) -> None:
        """Follow nothing any more."""
        self._follower.close()

    def follow(self, containers: list[ContainerInfo]) -> Iterator[list[Said]]:
        """What is said, in batches; each batch in the order of time."""
        for info in containers:
            self._seen[info.id] = self._begun
            self._add(info, self._query)
        until = self._query.get("until", float("inf"))
        yield self._told(self._first())
        while self._goes_on() and time.time() < until:
            items = self._follower.items(_PATIENCE if self._restarting else 0.5)
            if not items:
                self._between = {id for id in self._between if self._lives(id)}
            yield self._told(items)
        # Whoever wrote has ended; much of what they wrote may still wait here.
        while items := self._follower.items(0):
            yield self._told(items)

    def _goes_on(self) -> bool:
        return bool(self._follower.following or self._followed or self._between)

    def _lives(self, id: str) -> bool:
        try:
            return self._engine.container(id).state in ALIVE
        except NotFound:
            return False

    def _first(self) -> list[Item]:
        """The past comes from all containers at once; it is put in order as one."""
        found: list[Item] = []
        while len(found) < _FIRST_LIMIT:
            more = self._follower.items(_FIRST)
            if not more:
                break
            found += more
        # Sorted by time where there is one: what has none (the end of a log) stays behind its container's lines.
        return sorted(found, key=lambda item: item.line.time if isinstance(item, Output) else 1e18)

    def _told(self, items: list[Item]) -> list[Said]:
        said: list[Said] = []
        for item in items:
            if isinstance(item, Output):
                self._seen[item.info.id] = item.line.time
                end = self._ended.get(item.info.id)
                if end is not None and end.time < item.line.time:
                    said.append((item.info, self._ended.pop(item.info.id)))
                said.append((item.info, item.line))
            elif isinstance(item, Drained):
                said += self._drained(item.info)
            elif isinstance(item, Life):
                said += self._happened(item.event)
        return said + self._restarted()

    def _add(self, info: ContainerInfo, query: LogQuery) -> None:
        if info.state in ALIVE:
            self._lived.add(info.id)
        try:
            self._follower.add(info, query)
        except Unsupported as err:
            self._hooks.mute(info, err.message)
            return
        self._followed.add(info.id)
        self._hooks.speaks(info)

    def _drained(self, info: ContainerInfo) -> list[Said]:
        """Its log has come to an end: the moment to tell of its own, if it is known."""
        self._followed.discard(info.id)
        lived = info.id in self._lived
        self._lived.discard(info.id)
        try:
            now = self._engine.container(info.id)
        except NotFound:
            return [(info, self._ended.pop(info.id))] if info.id in self._ended else []
        if now.started > info.started:
            # Another life began meanwhile, and is over perhaps: the end that is known may be that one's.
            self._lived.add(info.id)
            self._resume(now)
            return []
        said: list[Said] = []
        if info.id in self._ended:
            said.append((info, self._ended.pop(info.id)))
        if now.state in ALIVE:  # about to start again: the news of it will come
            self._between.add(info.id)
        elif not said and lived:
            self._finished[info.id] = now.finished
            said.append((now, Exit(now.exit_code, now.finished)))
        return said

    def _happened(self, event: Event) -> list[Said]:
        if event.action not in ("start", "die"):
            return []
        try:
            info = self._engine.container(event.id)
        except NotFound:
            return []
        if not self._concerns(info):
            return []
        if event.action == "start":
            if event.time <= self._finished.get(info.id, 0.0):
                return []  # that life was told to its end
            self._finished.pop(info.id, None)
            self._between.discard(info.id)
            if info.id not in self._followed:  # else its log goes on, or we go on where that ends
                self._resume(info)
            self._lived.add(info.id)
            return []
        if info.id in self._finished:
            return []
        end = Exit(int(event.attributes.get("exitCode") or 0), event.time)
        if info.id not in self._followed:
            return [(info, end)]
        # The event is faster than the log: its last lines come first.
        earlier = self._ended.pop(info.id, None)
        self._ended[info.id] = end
        self._restarting[info.id] = time.monotonic() + _PATIENCE
        return [(info, earlier)] if earlier is not None else []

    def _restarted(self) -> list[Said]:
        """Ends of those that have started again: their logs go on, so that no end of a log is to be waited for."""
        said: list[Said] = []
        now = time.monotonic()
        for id in [id for id, moment in self._restarting.items() if moment <= now]:
            del self._restarting[id]
            if id not in self._ended:
                continue
            try:
                info = self._engine.container(id)
            except NotFound:
                continue
            if info.state in ALIVE:
                said.append((info, self._ended.pop(id)))
        return said

    def _resume(self, info: ContainerInfo) -> None:
        """Follow it from where we were; all it says, when it is new."""
        last = self._seen.get(info.id)
        self._add(info, {"since": nextafter(last, float("inf"))} if last else {})

    def _concerns(self, info: ContainerInfo) -> bool:
        if is_one_off(info) or (self._index and number(info) != self._index):
            return False
        return not self._services or info.labels.get(labels.SERVICE) in self._services
