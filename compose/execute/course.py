"""Which steps of a plan may begin as others end. No threads, no clock, no engine: values in, values out."""

from __future__ import annotations

from compose.plan.actions import (
    Plan,
    RestartContainer,
    RunHooks,
    RunPreStart,
    Step,
    StopContainer,
    WaitFor,
)
from compose.plan.service_actions import RemoveService, WaitForService

# Engine calls that work, rather than wait for a container, gain nothing from more threads than this: they would take
# the processor and the database from each other.
BUSY = 8
# Steps that only wait for others; they do not count against a limit.
WAITS = (WaitFor, WaitForService)
_PATIENT = (StopContainer, RestartContainer, RunHooks, RunPreStart, RemoveService, *WAITS)


def is_busy(step: Step) -> bool:
    """Whether the step works all the time. One that waits (a grace period, a health check) must not hold others up."""
    return not isinstance(step.action, _PATIENT)


class Course:
    """The progress of one plan. A step is handed out once: by ``first`` or by the ``done`` of its last predecessor."""

    def __init__(self, plan: Plan) -> None:
        self._steps = plan.steps
        known = {step.id for step in plan.steps}
        # A plan may be a part of another one: predecessors that are not in it have been done already.
        self._missing = {step.id: set(step.after) & known for step in plan.steps}
        self._followers: dict[int, list[Step]] = {}
        for step in plan.steps:
            for id in self._missing[step.id]:
                self._followers.setdefault(id, []).append(step)
        self.left = len(plan.steps)

    def first(self) -> list[Step]:
        """The steps that wait for nothing."""
        return [step for step in self._steps if not self._missing[step.id]]

    def done(self, step: Step) -> list[Step]:
        """The steps that may begin now that ``step`` has ended well."""
        self.left -= 1
        freed = []
        for follower in self._followers.get(step.id, ()):
            missing = self._missing[follower.id]
            missing.discard(step.id)
            if not missing:
                freed.append(follower)
        return freed
