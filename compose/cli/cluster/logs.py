"""``logs`` on a cluster: lines of every task, whichever node it runs on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.cluster.changing import observed, refuse_flags
from compose.cli.verbs import logs
from compose.render.colour import wanted
from compose.render.logs import LogPrinter
from schemas.records import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.cluster import Observed
    from compose.ops.task_logs import Said


def add_arguments(parser: Parser) -> None:
    """The flags of ``logs``."""
    logs.add_arguments(parser)


def run(context: Context) -> int:
    """Print the lines; with --follow until the services are gone."""
    from compose.ops.task_logs import following, written

    args = context.args
    refuse_flags(context, {"index": "name the service; every line says its task"})
    found = observed(context, tuple(args.names))
    names = tuple(args.names) or tuple(sorted(found.services))
    services = {name: found.services[name].name for name in names}
    printer = LogPrinter(
        sys.stdout.buffer,
        prefix=not args.no_log_prefix,
        colour=not args.no_color and wanted(context.options.ansi, context.environ, 1),
        timestamps=args.timestamps,
    )
    query = logs.query_of(args)
    if not args.follow:
        _print(printer, found, written(context.cluster, services, query))
        return 0
    from compose.cli.endless import interruptible

    interruptible()
    lines = following(context.cluster, services, query)
    try:
        for said in lines:
            _print(printer, found, (said,))
            printer.flush()
    finally:
        lines.close()  # type: ignore[attr-defined]
    return 0


def _print(printer: LogPrinter, found: Observed, lines: Iterable[Said]) -> None:
    places = {task.id: task.slot for tasks in found.tasks.values() for task in tasks}
    for key, line in lines:
        node = found.nodes.get(line.node_id)
        where = node.hostname if node else line.node_id[:12]
        slot = places.get(line.task_id)
        name = f"{key}.{slot}@{where}" if slot else f"{key}@{where}"
        if slot is None:  # begun after we looked: its own short id says which one it is
            name = f"{key}.{line.task_id[:5]}@{where}"
        printer.line(name, LogLine(line.time, line.stream, line.line))
