"""First phase of an ``up``: whoever says ``restart: true`` of a dependency that is replaced is stopped before it."""

from __future__ import annotations

from compose.ops.selection import ALIVE
from compose.plan.actions import StopContainer
from compose.plan.draft import Draft


def stop_dependents(draft: Draft) -> None:
    """Stop what runs and restarts with something that is replaced (or restarts itself), the last dependents first."""
    causes: dict[str, str] = {}
    updated = {name for name, decision in draft.decisions.items() if decision.replace}
    for name, decision in draft.decisions.items():
        for dependency in decision.wanted.depends_on:
            if dependency.restart and dependency.service in updated:
                causes.setdefault(name, dependency.service)
                updated.add(name)
    for name in reversed(list(causes)):
        cause = f"service {causes[name]}, which {name} depends on, is recreated"
        after = draft.dependents_stopped(name)
        draft.stopped[name] = {
            kept.info.name: draft.steps.add(
                StopContainer(name, kept.info.name, draft.options.timeout), cause, after
            )
            for kept in draft.decisions[name].keep
            if kept.info.state in ALIVE
        }
