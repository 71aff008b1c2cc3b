"""The runner for plans without waits: plain worker threads, ready in three milliseconds."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from compose.execute.course import BUSY, Course, is_busy
from compose.execute.interrupts import fetch
from compose.plan.actions import Plan, Step

Perform = Callable[[Step], None]
_Result = tuple[Step, BaseException | None]


def run(plan: Plan, perform: Perform, *, limit: int, stop: threading.Event) -> bool:
    """Perform the steps, at most ``limit`` at a time (0: no limit). False when ``stop`` kept some from beginning.

    The first error sets ``stop``; it is raised when what ran has ended.
    """
    course = Course(plan)
    crew = _Crew(perform)
    queue = _Queue(limit)
    queue.extend(course.first())
    failure: BaseException | None = None
    while True:
        while not stop.is_set() and (next_step := queue.take()) is not None:
            crew.begin(next_step)
        if not queue.running:
            break
        step, error = fetch(crew.results)
        queue.ended(step)
        if error is None:
            queue.extend(course.done(step))
        elif failure is None:
            failure = error
            stop.set()
    crew.dismiss()
    if failure is not None:
        raise failure
    return course.left == 0


class _Queue:
    """Steps that may begin, and how many are at work: at most ``limit``; without one (0) any number, but few busy ones."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._busy: deque[Step] = deque()
        self._patient: deque[Step] = deque()
        self._busy_running = 0
        self.running = 0

    def extend(self, steps: list[Step]) -> None:
        """Later steps before earlier ones: containers start while others are made, on another processor."""
        for step in reversed(steps):
            (self._busy if is_busy(step) else self._patient).appendleft(step)

    def take(self) -> Step | None:
        """The next step that may begin now."""
        if self._limit and self.running >= self._limit:
            return None
        if self._patient:
            self.running += 1
            return self._patient.popleft()
        if self._busy and (self._limit or self._busy_running < BUSY):
            self.running += 1
            self._busy_running += 1
            return self._busy.popleft()
        return None

    def ended(self, step: Step) -> None:
        self.running -= 1
        self._busy_running -= is_busy(step)


class _Crew:
    """Threads that perform one step after the other; there are never more of them than steps at work."""

    def __init__(self, perform: Perform) -> None:
        self.results: SimpleQueue[_Result] = SimpleQueue()
        self._perform = perform
        self._orders: SimpleQueue[Step | None] = SimpleQueue()
        self._threads = 0
        self._idle = threading.Semaphore(0)

    def begin(self, step: Step) -> None:
        """Give the step to an idle thread, or to a new one."""
        self._orders.put(step)
        if not self._idle.acquire(blocking=False):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True).start()

    def dismiss(self) -> None:
        """Let the threads end."""
        for _ in range(self._threads):
            self._orders.put(None)

    def _work(self) -> None:
        while (step := self._orders.get()) is not None:
            error: BaseException | None = None
            try:
                self._perform(step)
            except BaseException as err:  # noqa: BLE001 - raised again by the main thread
                error = err
            self._idle.release()
            self.results.put((step, error))
