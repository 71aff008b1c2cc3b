"""``ps`` on a cluster: tasks, and on which nodes they are. Nodes that are away are told of."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from compose.cli.cluster.changing import observed, refuse_flags
from compose.cli.verbs import ps
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.cluster import Observed
    from schemas.services import TaskInfo

_PAST = ("shutdown", "remove")
_ORDER = {"running": 0, "ready": 1, "complete": 2}


def add_arguments(parser: Parser) -> None:
    """The flags of ``ps``."""
    ps.add_arguments(parser)


def run(context: Context) -> int:
    """Print the tasks that are to run, and those that were lost with their node; with --all also past ones."""
    from compose.render.tasks import LAYOUT, LOST, away, task_fields, task_state
    from compose.render.template import render
    from compose.render.text import warn

    args = context.args
    refuse_flags(context, {"filter": "use --status", "orphans": "services are all shown"})
    found = observed(context, tuple(args.names))
    names = tuple(args.names) or tuple(sorted(found.services))
    states = frozenset(args.status)
    rows = []
    now = time.time()
    for name in names:
        service = found.services[name]
        for task in _sorted(found, service.id):
            state = task_state(task, found.nodes)
            past = task.desired in _PAST and state != LOST
            if (past and not (args.all or states)) or (states and state not in states):
                continue
            rows.append(task_fields(task, name, service, found.nodes, now, whole=args.no_trunc))
    if args.format == "raw":
        raise UsageError("format raw is not there with --engine swarm")
    if args.quiet:
        text = "".join(f"{row['ID']}\n" for row in rows)
    elif args.services:
        text = "".join(f"{name}\n" for name in names)
    else:
        text = render(args.format, LAYOUT, rows)
    sys.stdout.write(text)
    if not args.quiet:
        for sentence in away(found.nodes.values()):
            warn(sentence)
    return 0


def _sorted(found: Observed, service_id: str) -> list[TaskInfo]:
    """By place, in each what is to run first, then newest first."""
    tasks = found.tasks.get(service_id, [])
    return sorted(
        tasks,
        key=lambda task: (
            task.slot,
            task.node_id if not task.slot else "",
            _ORDER.get(task.desired, 3),
            -task.created,
        ),
    )
