"""``execute``: carry out a plan on an engine, and say how it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from compose.execute.course import WAITS
from compose.execute.interrupts import deferred
from compose.plan.actions import Plan, Step
from schemas.engine import Engine
from schemas.records import Progress


def execute(
    engine: Engine,
    plan: Plan,
    *,
    report: Callable[[Progress], None],
    parallel: int = 0,
    stop: threading.Event | None = None,
    hear: Callable[[str, bytes], None] | None = None,
) -> bool:
    """Perform every step, at most ``parallel`` at a time (0: no limit); False when ``stop`` was set before the end.
    ``hear`` is given what lifecycle hooks write: the container's name and a line.

    The first error keeps what has not begun from beginning, and is raised when what has begun has ended: no engine call
    is ever cut short. So is KeyboardInterrupt. Raises EngineError and DependencyError.
    """
    if not plan.steps:
        return True
    from compose.execute.dispatch import Dispatch

    stop = stop or threading.Event()
    lock = threading.Lock()

    def serial(progress: Progress) -> None:
        with lock:
            report(progress)

    perform = Dispatch(engine, plan, serial, stop, hear)
    return run_plan(plan, perform, parallel=parallel, stop=stop)


def run_plan(
    plan: Plan, perform: Callable[[Step], None], *, parallel: int, stop: threading.Event
) -> bool:
    """Have every step performed, with the promises of ``execute``; False when ``stop`` kept some from it."""
    from compose.execute.waits import Stopped

    if any(isinstance(step.action, WAITS) for step in plan.steps):
        from compose.execute import bridge as runner
    else:
        from compose.execute import crew as runner  # type: ignore[no-redef]
    try:
        with deferred(stop):
            return runner.run(plan, perform, limit=parallel, stop=stop)
    except Stopped:
        return False
