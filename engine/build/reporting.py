"""What is said of a build while it runs: steps get numbers in the order in which they are first spoken of."""

from __future__ import annotations

import threading
from typing import Any

from engine.build.steps import StagePlan
from schemas.building import BuildEvent, BuildSink


class Reporter:
    """Passes on what happens to the sink, one event at a time."""

    def __init__(self, sink: BuildSink) -> None:
        self._sink = sink
        self._numbers: dict[Any, int] = {}
        self._lock = threading.Lock()

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
        with self._lock:
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            self._sink(BuildEvent(number, kind, title, data, seconds))
