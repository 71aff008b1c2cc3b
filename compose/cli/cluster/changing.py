"""What the verbs that change something on a cluster have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from compose.cluster import Observed, observe
from compose.plan.actions import Plan
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context


def refuse_flags(context: Context, flags: Mapping[str, str]) -> None:
    """UsageError naming a flag that was given and means nothing on a cluster; ``flags``: why, by destination."""
    for name in sorted(context.args.given):
        if name in flags:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} is not there with --engine swarm: {flags[name]}")


def observed(context: Context, services: tuple[str, ...] = ()) -> Observed:
    """What exists of the project; it must have the services that are named. UsageError."""
    name, _ = context.project_or_name()
    found = observe(context.cluster, name)
    for service in services:
        if service not in found.services:
            raise UsageError(f"no such service: {service}")
    return found


def carry_out(context: Context, plan: Plan, timeout: float = 0.0) -> None:
    """Do what the plan says, or only print it (--dry-run). EngineError, DependencyError."""
    from compose.render.text import warn

    for text in plan.warnings:
        warn(text)
    if context.options.dry_run:
        from compose.cli.changing import print_plan

        print_plan(plan)
        return
    if not plan.steps:
        return
    from compose.execute.parallelism import parallelism
    from compose.execute.stack import execute_stack

    limit = parallelism(context.options.parallel, context.environ)
    done = execute_stack(
        context.cluster, plan, report=context.reporter, parallel=limit, timeout=timeout
    )
    if not done:
        raise KeyboardInterrupt
