"""Steps collected into a plan, in an order in which they could be done one by one."""

from __future__ import annotations

from collections.abc import Iterable

from compose.plan.actions import Action, Plan, Step


class Builder:
    """Gives out step numbers. A step can only come after steps that are there already."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def add(self, action: Action, cause: str, after: Iterable[int] = (), group: str = "") -> int:
        """Add a step; its number."""
        id = len(self._steps) + 1
        self._steps.append(Step(id, action, tuple(sorted(set(after))), cause, group))
        return id

    def plan(self, warnings: Iterable[str] = ()) -> Plan:
        """All steps so far."""
        return Plan(tuple(self._steps), tuple(warnings))
