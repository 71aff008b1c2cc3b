"""From a step about services to the engine call that does it, and to the words that say so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from compose.execute.convergence import wait_for_service
from compose.execute.executor import run_plan
from compose.execute.waits import Stopped
from compose.plan.actions import CreateNetwork, Plan, RemoveNetwork, Step
from compose.plan.service_actions import (
    CreateService,
    CreateStored,
    RemoveService,
    RemoveStored,
    RollBackService,
    UpdateService,
    WaitForService,
)
from schemas.errors import Conflict, NotFound
from schemas.records import Progress
from schemas.service_engine import ServiceEngine
from schemas.typed import NamedTuple

# Seconds for which a network, secret or config may still be held by tasks that end.
_RELEASE = 15.0
_BEAT = 0.3


class Deed(NamedTuple):
    """``patient``: what is in use will soon not be; ``idempotent``: what is absent has been removed already."""

    doing: str
    done: str
    call: Callable[[ServiceEngine, Any], object]
    patient: bool = False
    idempotent: bool = False


DEEDS: dict[type, Deed] = {
    CreateNetwork: Deed("Creating", "Created", lambda engine, do: engine.create_network(do.spec)),
    RemoveNetwork: Deed(
        "Removing", "Removed", lambda engine, do: engine.remove_network(do.name), True, True
    ),
    CreateStored: Deed("Creating", "Created", lambda engine, do: engine.create_stored(do.kind, do.spec)),
    RemoveStored: Deed(
        "Removing", "Removed", lambda engine, do: engine.remove_stored(do.kind, do.name), True, True
    ),
    CreateService: Deed("Creating", "Created", lambda engine, do: engine.create_service(do.spec)),
    UpdateService: Deed("Updating", "Updating", lambda engine, do: engine.update_service(do.spec)),
    RollBackService: Deed(
        "Rolling back", "Rolling back", lambda engine, do: engine.rollback_service(do.name)
    ),
    RemoveService: Deed(
        "Removing", "Removed", lambda engine, do: engine.remove_service(do.name), False, True
    ),
}  # fmt: skip


def execute_stack(
    engine: ServiceEngine,
    plan: Plan,
    *,
    report: Callable[[Progress], None],
    parallel: int = 0,
    timeout: float = 0.0,
) -> bool:
    """Perform every step; False when it was interrupted. ``timeout``: seconds for each service to converge (0: none).

    Raises EngineError, and DependencyError with a task's own error.
    """
    stop = threading.Event()
    lock = threading.Lock()

    def serial(progress: Progress) -> None:
        with lock:
            report(progress)

    return run_plan(plan, _Dispatch(engine, serial, stop, timeout), parallel=parallel, stop=stop)


class _Dispatch:
    def __init__(
        self,
        engine: ServiceEngine,
        report: Callable[[Progress], None],
        stop: threading.Event,
        timeout: float,
    ) -> None:
        self._engine = engine
        self._report = report
        self._stop = stop
        self._timeout = timeout

    def __call__(self, step: Step) -> None:
        action = step.action
        if isinstance(action, WaitForService):
            wait_for_service(
                self._engine, action, self._report, self._stop.is_set, timeout=self._timeout
            )
            return
        deed = DEEDS[type(action)]
        self._report(Progress(action.subject, deed.doing, "working"))
        try:
            self._call(deed, action)
            if isinstance(action, RemoveService):
                self._await_end(action)
        except NotFound:
            if not deed.idempotent:
                self._report(Progress(action.subject, "Error", "error"))
                raise
        except Stopped:
            raise
        except Exception:
            self._report(Progress(action.subject, "Error", "error"))
            raise
        waits = isinstance(action, (UpdateService, RollBackService))
        self._report(Progress(action.subject, deed.done, "working" if waits else "done"))

    def _call(self, deed: Deed, action: Any) -> None:
        deadline = time.monotonic() + _RELEASE
        while True:
            try:
                deed.call(self._engine, action)
                return
            except Conflict:
                if not deed.patient or time.monotonic() > deadline:
                    raise
            if self._stop.is_set():
                raise Stopped
            time.sleep(_BEAT)

    def _await_end(self, action: RemoveService) -> None:
        """Until no task of the service runs any more: what they use is free then."""
        while self._engine.remaining_tasks(frozenset((action.id,))):
            if self._stop.is_set():
                raise Stopped
            time.sleep(_BEAT)
