"""Whether a service is what its spec says: a verdict on its tasks. Pure; ``compose.execute.convergence`` asks again and again.

A task's way is new, pending, assigned, accepted, preparing, ready, starting, running; with a health check it is running only
when it is healthy. It ends as complete, failed, rejected (it could not be started), shutdown (it was told to), orphaned
(its node was lost) or remove.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from schemas.services import JOBS, NodeInfo, ServiceInfo, TaskInfo
from schemas.typed import NamedTuple

# Attempts of one slot, without any success between them, after which a service that is not in a rolling update has failed.
ATTEMPTS = 3
_LIVED = 60.0  # seconds after which a task that fails is no failed attempt: it did run
_TO_RUN = ("running", "ready", "complete", "accepted")
_FAILED = ("failed", "rejected", "orphaned")
_OVER = (*_FAILED, "complete", "shutdown", "remove")
_ROLLED_BACK = ("rollback_completed", "rollback_paused")


class Verdict(NamedTuple):
    """``met``: it is as it should be; ``failed``: it will not be; ``stuck``: nor if nothing else changes. ``text``: why, or how
    far; ``ready`` of ``wanted`` tasks are as they should be."""

    outcome: Literal["open", "met", "failed", "stuck"]
    text: str
    ready: int
    wanted: int


def judge(
    service: ServiceInfo,
    tasks: Sequence[TaskInfo],
    nodes: Mapping[str, NodeInfo],
    *,
    condition: str = "converged",
    rolled_back: bool = False,
) -> Verdict:
    """Where a service stands. ``tasks`` newest first; ``rolled_back``: to have gone back is what is wanted."""
    slots = by_slot(tasks)
    if service.spec["mode"] in JOBS or condition == "completed":
        return _job(service, slots)
    wanted = _wanted(service, slots)
    ready = sum(_ready(slot, nodes) for slot in slots.values())
    state = service.update_state
    if state in ("paused", "rollback_paused") or (
        state == "rollback_completed" and not rolled_back
    ):
        reason = last_error(tasks, current=False) or service.update_message
        done = "rolled back" if state in _ROLLED_BACK else "paused"
        done = "roll-back is paused" if state == "rollback_paused" else f"update was {done}"
        return Verdict("failed", f"{done}: {reason}", ready, wanted)
    if state in ("updating", "rollback_started"):
        # A task that no node takes is waited for without end by the cluster itself.
        stuck = _homeless(tasks)
        text = stuck or ("rolling back" if state == "rollback_started" else "updating")
        return Verdict("stuck" if stuck else "open", text, ready, wanted)
    alive = sum(any(_alive(task) for task in slot) for slot in slots.values())
    if ready == wanted == alive and not _outdated(slots):
        return Verdict("met", "", ready, wanted)
    return _starting(slots, nodes, ready, wanted)


def by_slot(tasks: Sequence[TaskInfo]) -> dict[str, list[TaskInfo]]:
    """Tasks by their place in the service: a number, or for a global service the node."""
    found: dict[str, list[TaskInfo]] = {}
    for task in tasks:
        found.setdefault(str(task.slot or task.node_id), []).append(task)
    return found


def last_error(tasks: Sequence[TaskInfo], *, current: bool = True) -> str:
    """What the newest task that failed says of it, with its place; "" when none did."""
    for task in tasks:
        if task.state in _FAILED and (task.current or not current):
            return f"task {task.name}: {reason(task)}"
    return ""


def reason(task: TaskInfo) -> str:
    """Why a task failed."""
    text = task.error or task.message
    if task.exit_code and str(task.exit_code) not in text:
        text = f"{text} ({task.exit_code})"
    return text


def _wanted(service: ServiceInfo, slots: Mapping[str, list[TaskInfo]]) -> int:
    if service.spec["mode"].startswith("replicated"):
        return service.spec.get("replicas", 1)
    return max(sum(any(_alive(task) for task in slot) for slot in slots.values()), 1)


def _alive(task: TaskInfo) -> bool:
    """Whether the cluster wants the task to run, or to go on."""
    return task.desired in _TO_RUN and task.state not in _FAILED


def _ready(slot: Sequence[TaskInfo], nodes: Mapping[str, NodeInfo]) -> bool:
    return any(
        task.current
        and task.desired in _TO_RUN
        and (task.state == "running" or (task.state == "complete" and not _replaced(task, slot)))
        and (task.node_id not in nodes or nodes[task.node_id].state == "ready")
        for task in slot
    )


def _replaced(task: TaskInfo, slot: Sequence[TaskInfo]) -> bool:
    """Whether a task that is complete is started again: then it was not to complete."""
    return any(other.created > task.created for other in slot)


def _attempts(slot: Sequence[TaskInfo]) -> int:
    """How many tasks of a place failed soon after they were made, one after the other until now."""
    count = 0
    for task in slot:
        if _alive(task):
            continue
        if task.state not in _FAILED or task.changed - task.created > _LIVED:
            break
        count += 1
    return count


def _homeless(tasks: Sequence[TaskInfo]) -> str:
    """Why no node takes one of the tasks; "" when that is not so."""
    for task in tasks:
        if task.state == "pending" and task.error and _alive(task):
            return f"task {task.name}: {task.error}"
    return ""


def _outdated(slots: Mapping[str, list[TaskInfo]]) -> bool:
    return any(
        task.state == "running" and task.desired == "running" and not task.current
        for slot in slots.values()
        for task in slot
    )


def _starting(
    slots: Mapping[str, list[TaskInfo]], nodes: Mapping[str, NodeInfo], ready: int, wanted: int
) -> Verdict:
    """A service whose tasks do not all run yet: is there hope?"""
    stuck = ""
    for slot in slots.values():
        if _ready(slot, nodes):
            continue
        mine = [task for task in slot if task.current]
        failures = [task for task in mine if task.state in _FAILED]
        waiting = [task for task in mine if _alive(task)]
        if _attempts(mine) >= ATTEMPTS:
            return Verdict("failed", last_error(mine), ready, wanted)
        if failures and not waiting:
            stuck = stuck or last_error(mine)  # if nobody starts another one
        stuck = stuck or _homeless(waiting)
    if stuck:
        return Verdict("stuck", stuck, ready, wanted)
    if not slots and wanted:
        return Verdict("stuck", "there are no tasks: no node fits", ready, wanted)
    return Verdict("open", f"{ready} of {wanted} tasks run", ready, wanted)


def _job(service: ServiceInfo, slots: Mapping[str, list[TaskInfo]]) -> Verdict:
    """Tasks that are to complete."""
    mode = service.spec["mode"]
    mine = {
        key: [task for task in slot if task.current]
        for key, slot in slots.items()
        if any(task.current for task in slot)
    }
    wanted = service.spec.get("replicas", 1) if mode.startswith("replicated") else max(len(mine), 1)
    done = sum(task.state == "complete" for slot in mine.values() for task in slot)
    done = min(done, wanted)
    if done == wanted:
        return Verdict("met", "", done, wanted)
    stuck = ""
    for slot in mine.values():
        failures = [task for task in slot if task.state in _FAILED]
        if any(task.state == "complete" for task in slot):
            continue
        if _attempts(slot) >= ATTEMPTS:
            return Verdict("failed", last_error(slot), done, wanted)
        if failures and not any(_alive(task) for task in slot):
            stuck = stuck or last_error(slot)
        stuck = stuck or _homeless(slot)
    if stuck:
        return Verdict("stuck", stuck, done, wanted)
    return Verdict("open", f"{done} of {wanted} tasks are done", done, wanted)
