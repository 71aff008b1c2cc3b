"""What is said of a build while it runs: steps get numbers in the order in which they are first spoken of."""

from __future__ import annotations

import threading
from typing import Any

from engine.build.steps import StagePlan
from schemas.building import BuildEvent, BuildSink


class Reporter:
    """Passes on what happens to the sink, one event at a time. ``about`` goes into the brackets of titles."""

    def __init__(self, sink: BuildSink, about: str = "") -> None:
        self._sink = sink
        self._about = about
        self._numbers: dict[Any, int] = {}
        self._lock = threading.Lock()

    def of(self, about: str) -> Reporter:
        """One for a part of the build, which counts with this one."""
        found = Reporter(self._sink, about)
        found._numbers, found._lock = self._numbers, self._lock
        return found

    def plans(self, plans: list[StagePlan]) -> None:
        """Say what the stages begin with."""
        for plan in plans:
            if plan.title:
                self._send((plan.number, -1), "cached", plan.title)

    def step(
        self, plan: StagePlan, index: int, kind: Any, data: bytes = b"", *, seconds: float = 0.0
    ) -> None:
        """Something about a step of a stage."""
        self._send((plan.number, index), kind, plan.steps[index].title, data, seconds)

    def aside(self, title: str, kind: Any, data: bytes = b"", *, seconds: float = 0.0) -> None:
        """Something about work that is no step: a pull, a cache elsewhere."""
        self._send(title, kind, title, data, seconds)

    def say(self, kind: Any, words: str) -> None:
        """Something about the build as a whole."""
        with self._lock:
            self._sink(BuildEvent(0, kind, data=words.encode()))

    def _send(
        self, key: Any, kind: Any, title: str, data: bytes = b"", seconds: float = 0.0
    ) -> None:
        if self._about and title.startswith("["):
            title = f"[{self._about} {title[1:]}"
        with self._lock:
            number = self._numbers.setdefault((self._about, key), len(self._numbers) + 1)
            self._sink(BuildEvent(number, kind, title, data, seconds))
