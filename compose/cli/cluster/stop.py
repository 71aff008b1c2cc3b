"""``stop`` on a cluster: no tasks, until ``start`` or ``up``. The number that there were is kept in a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.cluster.changing import carry_out, observed, refuse_flags
from compose.cli.verbs import stop
from schemas import labels
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``stop``."""
    stop.add_arguments(parser)


def run(context: Context) -> int:
    """Scale to nothing. UsageError for a service that has no number of tasks: a global one, or a job."""
    from compose.plan.service_lifecycle import scaled_plan

    refuse_flags(context, {"timeout": "the grace period is the service's: stop_grace_period"})
    found = observed(context, tuple(context.args.services))
    names = tuple(context.args.services) or tuple(found.services)
    for name in names:
        mode = found.services[name].spec["mode"]
        if mode != "replicated":
            raise UsageError(
                f"service {name} is {mode}: it cannot be stopped, only removed (down {name})"
            )
    running = {name: found.services[name].spec.get("replicas", 1) for name in names}
    marks = {name: {labels.STOPPED: str(count)} for name, count in running.items() if count}
    plan = scaled_plan(found, dict.fromkeys(marks, 0), "stop is asked for", marks).plan
    carry_out(context, plan)
    return 0
