"""A plan for people: what --dry-run prints."""

from __future__ import annotations

import re

from compose.plan.actions import Plan, RenameContainer, Step, WaitFor
from compose.render.table import table

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def plan_table(plan: Plan) -> str:
    """A line a step: number, what is done, to what, after which steps, and why."""
    if not plan.steps:
        return "Nothing to do.\n"
    rows = [
        (
            str(step.id),
            _WORD.sub(" ", type(step.action).__name__).lower(),
            _object(step),
            ",".join(map(str, step.after)),
            step.cause,
        )
        for step in plan.steps
    ]
    return table(("STEP", "ACTION", "OF", "AFTER", "BECAUSE"), rows, minimum=0)


def _object(step: Step) -> str:
    if isinstance(step.action, WaitFor):
        return f"{step.action.service} ({step.action.condition})"
    if isinstance(step.action, RenameContainer):
        return f"{step.action.name} to {step.action.to}"
    return step.action.subject.partition(" ")[2]
