"""The runner for plans that wait: an anyio task group, a task for each step, the engine's blocking calls in worker threads."""

from __future__ import annotations

import threading

import anyio
import anyio.to_thread

from compose.execute.course import BUSY, WAITS, is_busy
from compose.execute.crew import Perform
from compose.execute.interrupts import BEAT
from compose.plan.actions import Plan, Step


def run(plan: Plan, perform: Perform, *, limit: int, stop: threading.Event) -> bool:
    """The same obligations as ``crew.run``; steps that wait do not count against ``limit``."""
    group = _Group(plan, perform, limit=limit, stop=stop)
    anyio.run(group.run)
    if group.failure is not None:
        raise group.failure
    return group.left == 0


class _Group:
    def __init__(self, plan: Plan, perform: Perform, *, limit: int, stop: threading.Event) -> None:
        self.failure: BaseException | None = None
        self.left = len(plan.steps)
        self._plan = plan
        self._perform = perform
        self._limit = limit or float("inf")
        self._stop = stop

    async def run(self) -> None:
        self._done = {step.id: anyio.Event() for step in self._plan.steps}
        self._working = anyio.CapacityLimiter(self._limit)
        self._busy = self._working if self._limit != float("inf") else anyio.CapacityLimiter(BUSY)
        self._waiting = anyio.CapacityLimiter(float("inf"))
        async with anyio.create_task_group() as beats:
            beats.start_soon(_beat)
            async with anyio.create_task_group() as tasks:
                self._scope = tasks.cancel_scope
                for step in self._plan.steps:
                    tasks.start_soon(self._step, step)
            beats.cancel_scope.cancel()

    async def _step(self, step: Step) -> None:
        for id in step.after:
            if id in self._done:
                await self._done[id].wait()
        limiter = self._waiting if isinstance(step.action, WAITS) else self._working
        if is_busy(step):
            limiter = self._busy
        # What has begun is waited for, even when the scope is cancelled meanwhile: no engine call is abandoned.
        if await anyio.to_thread.run_sync(self._call, step, limiter=limiter):
            self.left -= 1
            self._done[step.id].set()
        if self._stop.is_set():
            self._scope.cancel()

    def _call(self, step: Step) -> bool:
        """In a worker thread: whether the step was done."""
        if self._stop.is_set():
            return False
        try:
            self._perform(step)
        except BaseException as error:  # noqa: BLE001 - the first one is raised when all have ended
            if self.failure is None:
                self.failure = error
            self._stop.set()
            return False
        return True


async def _beat() -> None:
    """Wake the loop now and then (see BEAT)."""
    while True:  # noqa: ASYNC110 - nothing sets an event: that is the point
        await anyio.sleep(BEAT)
