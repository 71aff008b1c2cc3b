"""Waiting for containers: when a condition holds, when it never will, and the words for both."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from compose.plan.actions import WaitFor
from schemas.engine import Engine
from schemas.errors import DependencyError, NotFound
from schemas.records import ContainerInfo, Progress
from schemas.typed import NamedTuple

STARTED = "service_started"
HEALTHY = "service_healthy"
COMPLETED = "service_completed_successfully"
RUNNING_OR_HEALTHY = "running_or_healthy"  # what ``up --wait`` asks for

_ACTIVE = ("running", "paused", "restarting")
_SETTLED = 0.5  # seconds after its start in which what ends shows that it did not come to run
_SLICE = 0.2  # seconds after which a wait looks whether it is still wanted


class Stopped(Exception):
    """The wait was given up because the command ends."""


class Verdict(NamedTuple):
    """How a container stands to a condition; ``text`` is the word for progress, or the reason of a failure."""

    outcome: Literal["open", "met", "failed"]
    text: str = ""


OPEN = Verdict("open")


def judge(condition: str, info: ContainerInfo) -> Verdict:
    """Whether the container meets the condition, may still come to meet it, or cannot any more."""
    ended = info.state not in _ACTIVE and info.state != "created"
    if condition == COMPLETED:
        if not ended:
            return OPEN
        return (
            Verdict("failed", f"exit {info.exit_code}")
            if info.exit_code
            else Verdict("met", "Exited")
        )
    if ended:
        if condition == RUNNING_OR_HEALTHY and info.exit_code == 0:
            return Verdict("met", "Exited")
        return Verdict("failed", f"container {info.name} exited ({info.exit_code})")
    if condition == STARTED:
        return OPEN if info.state == "created" else Verdict("met", "Started")
    if not info.has_healthcheck:
        if condition == HEALTHY:
            return Verdict("failed", f"container {info.name} has no healthcheck configured")
        return Verdict("met", "Healthy") if info.state in ("running", "paused") else OPEN
    if info.health == "unhealthy":
        return Verdict("failed", f"container {info.name} is unhealthy")
    return Verdict("met", "Healthy") if info.health == "healthy" else OPEN


def wait_for(
    engine: Engine,
    action: WaitFor,
    report: Callable[[Progress], None],
    stopped: Callable[[], bool],
) -> None:
    """Block until every container meets the condition; DependencyError at once when one cannot. Raises Stopped."""
    open_names = list(action.names)
    began = time.monotonic()
    for name in open_names:
        report(Progress(f"Container {name}", "Waiting", "working"))
    while open_names:
        for name in list(open_names):
            if stopped():
                raise Stopped
            patience = _SLICE / len(open_names)
            info = _look(engine, name, action.condition, patience)
            verdict = judge(action.condition, info)
            if action.condition == RUNNING_OR_HEALTHY and not _settled(info, began):
                continue
            if verdict.outcome == "failed":
                return _failed(action, name, verdict.text, report)
            if verdict.outcome == "met":
                open_names.remove(name)
                report(Progress(f"Container {name}", verdict.text, "done"))
    return None


def _settled(info: ContainerInfo, began: float) -> bool:
    """Whether "it runs" is worth believing; ``began``: since when it is looked at (monotonic), for its engine may have
    another clock."""
    if info.has_healthcheck or info.state != "running":
        return True
    left = _SETTLED - max(time.time() - info.started, time.monotonic() - began)
    if left > 0:
        time.sleep(min(left, _SLICE))
    return left <= 0


def _look(engine: Engine, name: str, condition: str, patience: float) -> ContainerInfo:
    """The container's state once it has changed for good, or after ``patience`` seconds."""
    began = time.monotonic()
    try:
        try:
            if condition == COMPLETED:
                engine.wait(name, timeout=patience)
            else:
                engine.wait_healthy(name, timeout=patience)
        except TimeoutError:
            pass
        info = engine.container(name)
    except NotFound:
        raise DependencyError(f"container {name} was removed while it was waited for") from None
    if judge(condition, info).outcome == "open":
        # What the engine waits for has come, but it was not enough (a restart, say): the pause must be made here.
        time.sleep(max(0.0, patience - (time.monotonic() - began)))
    return info


def _failed(action: WaitFor, name: str, reason: str, report: Callable[[Progress], None]) -> None:
    """Raise what the person is told; an optional dependency is only reported."""
    subject = f"Container {name}"
    if action.condition == COMPLETED:
        text = f'"{action.service}" didn\'t complete successfully: {reason}'
        optional, required = f"optional dependency {text}", f"service {text}"
        word = required
    else:
        optional = f'optional dependency "{action.service}" failed to start: {reason}'
        required = reason
        if action.condition != RUNNING_OR_HEALTHY:
            required = f"dependency failed to start: {reason}"
        word = "Error"
    if not action.required:
        report(Progress(subject, f"Skipped: {optional}", "warning"))
        return
    report(Progress(subject, word, "error"))
    raise DependencyError(required)
