"""--wait: until every container runs, is healthy, or has done its work."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from compose.execute.executor import execute
from compose.execute.waits import COMPLETED, RUNNING_OR_HEALTHY
from compose.graph import Dependency
from compose.observed import observe
from compose.plan.actions import Plan, Step, WaitFor
from schemas.errors import DependencyError

if TYPE_CHECKING:
    from compose.cli.options import Context


def wait_until_up(
    context: Context, project: str, services: Mapping[str, Iterable[Dependency]], timeout: int
) -> None:
    """Wait for ``services``, each with what it depends on: one that others want to see completed is waited for so long.

    DependencyError when a container ends with a failure, is unhealthy, or (``timeout`` > 0) when it takes too long.
    """
    observed = observe(context.engine, project)
    finishing = {
        needed.service
        for dependencies in services.values()
        for needed in dependencies
        if needed.condition == COMPLETED
    }
    waits = [
        WaitFor(
            service,
            tuple(info.name for info in containers),
            COMPLETED if service in finishing else RUNNING_OR_HEALTHY,
        )
        for service, containers in observed.containers.items()
        if service in services
    ]
    plan = Plan(tuple(Step(id, wait, (), "--wait") for id, wait in enumerate(waits, 1)))
    stop = threading.Event()
    alarm = threading.Timer(timeout, stop.set)
    alarm.daemon = True
    if timeout > 0:
        alarm.start()
    try:
        if not execute(context.engine, plan, report=context.reporter, stop=stop):
            raise DependencyError(f"application not healthy after {_go_seconds(timeout)}")
    finally:
        alarm.cancel()


def _go_seconds(seconds: int) -> str:
    """As Go prints a duration: 90 seconds are 1m30s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{rest}s"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
