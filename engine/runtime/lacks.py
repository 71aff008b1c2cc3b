"""Kills for lack of memory, each told once: as they happen, and at the end of a run what nobody was told of."""

from __future__ import annotations

from collections.abc import Callable

from engine.kernel.cgroup.group import Cgroup
from engine.kernel.cgroup.oomwatch import OomWatch
from engine.runtime.loop import Loop

# Seconds after which the kernel has counted a kill that it has announced; on a busy machine the last of them.
_MOMENTS = (0.1, 0.5, 2.0)


class Lacks:
    """``look`` is called when the count may have changed."""

    def __init__(self, loop: Loop, look: Callable[[], None]) -> None:
        self._loop = loop
        self._look = look
        self._watch: OomWatch | None = None
        self._told = 0

    def watch(self, group: Cgroup) -> None:
        """Look at a control group from now on."""
        if self._watch is None:
            self._watch = group.oom_watch()
            if self._watch is not None:
                self._loop.on_read(self._watch.fileno(), self._lacking)

    def fresh(self, kills: int, before: int) -> bool:
        """Whether there are kills that nothing was told of; ``before`` is the count at the beginning of the run."""
        found = kills > max(before, self._told)
        if found:
            self._told = kills
        return found

    def _lacking(self) -> None:
        assert self._watch is not None
        self._watch.drain()
        self._look()
        for moment in _MOMENTS:
            self._loop.after(moment, self._look)
