"""What carries out the steps of a build: made when the first step is to be carried out, for most builds find all they need."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.build import asked
from engine.erase import erase
from schemas.building import BuildSpec

if TYPE_CHECKING:
    from engine.build.agent import Agents
    from engine.build.carrying import Carrier
    from engine.build.reading import Reader
    from engine.build.runmounts import Preparer
    from engine.build.running import Runner


class Workshop:
    """The carrier of one build, with all that it holds. ``excerpt`` shows lines of the Dockerfile."""

    def __init__(self, spec: BuildSpec, excerpt: Callable[[int, int], str]) -> None:
        self._spec = spec
        self.excerpt = excerpt
        self._lock = threading.Lock()
        self._stopped = False
        self._made: tuple[Carrier, Runner, Agents, Preparer] | None = None

    def carrier(self, reader: Reader) -> Carrier:
        """The one carrier, which reads by the first ``reader`` that is given."""
        with self._lock:
            if self._made is None:
                self._made = self._make(reader)
                if self._stopped:
                    self._made[0].stop()
            return self._made[0]

    def _make(self, reader: Reader) -> tuple[Carrier, Runner, Agents, Preparer]:
        from engine.build.agent import Agents
        from engine.build.carrying import Carrier
        from engine.build.runmounts import Preparer
        from engine.build.running import Runner

        runner = Runner(asked.settings(self._spec))
        agents = Agents(dict(self._spec.get("ssh") or {}))
        preparer = Preparer(reader, asked.secrets(self._spec), agents)
        epoch = asked.epoch(self._spec)
        carrier = Carrier(reader, runner, preparer, epoch=epoch, excerpt=self.excerpt)
        return carrier, runner, agents, preparer

    def stop(self) -> None:
        """End what runs, and let nothing more begin."""
        with self._lock:
            self._stopped = True
            if self._made is not None:
                self._made[0].stop()

    def close(self) -> None:
        """Let go of everything; nothing runs any more."""
        if self._made is not None:
            _, runner, agents, preparer = self._made
            agents.close()
            runner.close()
            erase(preparer.directory)
