"""Waiting until a service is what its spec says, with a word of progress for every task."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from compose.execute.waits import Stopped
from compose.plan.convergence import Verdict, by_slot, judge, reason
from compose.plan.service_actions import WaitForService
from schemas.errors import DependencyError, EngineError, NotFound
from schemas.records import Progress
from schemas.service_engine import ServiceEngine
from schemas.services import NodeInfo, ServiceInfo, TaskInfo, TaskLine

_BEAT = 0.3  # seconds between two looks
# Seconds for which the same tasks must run before it is believed, and when some have failed already; a rolling update has a
# monitor of its own.
_SETTLE, _DOUBT = 1.0, 5.0
_NEWS = 2.0  # seconds without hope after which it is said
_STUCK = 10.0  # seconds without hope after which there is none
_TAIL, _READ = 20, 3.0  # lines of each task that are read to find its last words; seconds for it
_GRACE = 10.0  # seconds: a service's stop_grace_period when it has none of its own
_WORDS = {
    "new": "Created", "pending": "Pending", "assigned": "Assigned", "accepted": "Accepted", "preparing": "Preparing",
    "ready": "Ready", "starting": "Starting", "running": "Running", "complete": "Complete", "failed": "Failed",
    "rejected": "Rejected", "orphaned": "Lost", "shutdown": "Shutdown",
}  # fmt: skip


def wait_for_service(
    engine: ServiceEngine,
    action: WaitForService,
    report: Callable[[Progress], None],
    stopped: Callable[[], bool],
    *,
    timeout: float = 0.0,
) -> None:
    """Block until the service meets the condition; DependencyError with the task's own error when it will not, or when
    ``timeout`` seconds (0: none) have passed. Raises Stopped."""
    began = time.monotonic()
    met = stuck = 0.0
    tasks = _Tasks(action.subject, report)
    running: frozenset[str] = frozenset()
    said = ""
    while True:
        if stopped():
            raise Stopped
        verdict = _look(engine, action, tasks)
        now = time.monotonic()
        if verdict.outcome != "met":
            met = 0.0
        elif not met or tasks.running != running:
            met, running = now, tasks.running
        stuck = (stuck or now) if verdict.outcome == "stuck" else 0.0
        if met and now - met >= (_DOUBT if tasks.failures else _SETTLE):
            break
        if verdict.outcome == "failed" or (stuck and now - stuck >= _STUCK + tasks.grace):
            text = verdict.text + tasks.last_words(engine)
            return _failed(action, text, report)
        if timeout and now - began >= timeout:
            text = f"not converged after {timeout:g} seconds"
            return _failed(action, f"{text}: {verdict.text}" if verdict.text else text, report)
        word = verdict.text or "settling"
        if stuck and now - stuck < _NEWS:
            word = f"{verdict.ready} of {verdict.wanted} tasks"
        if word != said:
            said = word
            report(Progress(action.subject, word[0].upper() + word[1:], "working"))
        time.sleep(_BEAT)
    word = "Completed" if action.condition == "completed" else "Converged"
    report(Progress(action.subject, word, "done", f"{verdict.ready}/{verdict.wanted}"))
    return None


def _look(engine: ServiceEngine, action: WaitForService, tasks: _Tasks) -> Verdict:
    try:
        service = engine.service(action.name)
    except NotFound:
        raise DependencyError(
            f"service {action.name} was removed while it was waited for"
        ) from None
    found = engine.tasks([service])
    nodes = {node.id: node for node in engine.nodes()}
    tasks.say(service, found, nodes)
    return judge(service, found, nodes, condition=action.condition, rolled_back=action.rolled_back)


def _failed(action: WaitForService, text: str, report: Callable[[Progress], None]) -> None:
    if not action.required:
        report(Progress(action.subject, f"Skipped: {text}", "warning"))
        return
    report(Progress(action.subject, "Error", "error"))
    raise DependencyError(f"service {action.name}: {text}")


class _Tasks:
    """Says of every place of a service what its newest task does, once for each change."""

    def __init__(self, parent: str, report: Callable[[Progress], None]) -> None:
        self._parent = parent
        self._report = report
        self._said: dict[str, str] = {}
        self._failed: list[TaskInfo] = []  # newest first
        self.running: frozenset[str] = frozenset()  # ids: one that is started again is another one
        self.failures = 0  # of the present spec
        self.grace = 0.0  # seconds that a former task may take to give up what the next one needs

    def last_words(self, engine: ServiceEngine) -> str:
        """What the newest task that ended badly wrote at last, as a second line; "" when nothing can be had of it soon."""
        if not self._failed or not self._failed[0].exit_code:
            return ""
        wanted = self._failed[0]
        found: list[TaskLine] = []

        def read() -> None:
            try:
                stream = engine.logs(wanted.service, {"tail": _TAIL})
                found.extend(line for line in stream if line.task_id == wanted.id)
            except EngineError:
                pass  # its logging driver keeps nothing, or it is gone

        # The manager asks the nodes: one that is away would be waited for.
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(_READ)
        lines = [line.line.decode("utf-8", "replace").strip() for line in found]
        last = next((line for line in reversed(lines) if line), "")
        return f"\n  its last words: {last}" if last else ""

    def say(self, service: ServiceInfo, tasks: list[TaskInfo], nodes: dict[str, NodeInfo]) -> None:
        self._failed = [task for task in tasks if task.state in ("failed", "rejected")]
        self.failures = sum(task.current for task in self._failed)
        self.running = frozenset(task.id for task in tasks if task.state == "running")
        self.grace = 0.0
        if any(not task.current and task.state == "running" for task in tasks):
            self.grace = service.spec.get("stop_grace_period", _GRACE)
        for place, slot in by_slot(tasks).items():
            task = slot[0]
            if task.desired in ("shutdown", "remove") and task.state not in ("failed", "rejected"):
                continue
            where = nodes[task.node_id].hostname if task.node_id in nodes else ""
            word = _WORDS.get(task.state, task.state)
            detail = f"on {where}" if where else ""
            if task.state in ("failed", "rejected") or (task.state == "pending" and task.error):
                detail = f"{detail}: {reason(task)}".lstrip(": ")
            text = f"{word} {detail}".rstrip()
            if self._said.get(place) == text + task.id:
                continue
            self._said[place] = text + task.id
            name = f"{service.name}.{task.slot or where or task.node_id}"
            ended = task.state in ("running", "complete")
            bad = task.state in ("failed", "rejected")
            status = "done" if ended else "warning" if bad else "working"
            self._report(Progress(f"Task {name}", text, status))  # type: ignore[arg-type]
