"""``pycompose logs``: what the containers have written, and what they are writing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from compose.cli.moment import parse
from compose.ops.selection import check_services, short_name
from compose.render.colour import wanted
from compose.render.logs import LogPrinter
from compose.render.text import warn
from schemas.errors import UsageError
from schemas.records import ContainerInfo, LogLine

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser
    from compose.ops.logs import Said
    from schemas.specs import LogQuery


def add_arguments(parser: Parser) -> None:
    """The flags of ``logs``."""
    add = parser.add_argument
    add("--details", action="store_true", help="Show extra details provided to logs")
    add("-f", "--follow", action="store_true", help="Follow log output")
    add(
        "--index",
        type=int,
        default=0,
        help="index of the container if service has multiple replicas",
    )
    add("--no-color", action="store_true", help="Produce monochrome output")
    add("--no-log-prefix", action="store_true", help="Don't print prefix in logs")
    add(
        "--since",
        help="Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    )
    add(
        "-n",
        "--tail",
        default="all",
        help="Number of lines to show from the end of the logs for each container",
    )
    add("-t", "--timestamps", action="store_true", help="Show timestamps")
    add(
        "--until",
        help="Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)",
    )
    add("names", nargs="*")
    parser.usage = "[OPTIONS] [SERVICE...]"


def run(context: Context) -> int:
    """Print the lines; with --follow until every container has ended."""
    from compose.ops.logs import Hooks, log_containers, logs

    args = context.args
    if args.index and len(args.names) != 1:
        raise UsageError("--index requires one service to be selected")
    query = query_of(args)
    name, project = context.project_or_name()
    services = list(args.names)
    if project is not None:
        check_services(services, project.services, project.disabled)
        services = services or list(project.services)
    found = log_containers(context.engine, name, services, args.index)
    printer = LogPrinter(
        sys.stdout.buffer,
        prefix=not args.no_log_prefix,
        colour=not args.no_color and wanted(context.options.ansi, context.environ, 1),
        timestamps=args.timestamps,
    )
    hooks = Hooks(lambda info: printer.know(short_name(info)), _mute)
    if not args.follow:
        _print(printer, logs(context.engine, found, query, hooks))
        return 0
    from compose.cli.endless import interruptible
    from compose.ops.following import Following

    interruptible()
    following = Following(context.engine, name, services, query, hooks, index=args.index)
    try:
        for batch in following.follow(found):
            _print(printer, batch)
            printer.flush()
    finally:
        following.close()
    return 0


def _mute(info: ContainerInfo, reason: str) -> None:
    warn(f'Can\'t retrieve logs for "{info.name}": {reason}')


def _print(printer: LogPrinter, said: Iterable[Said]) -> None:
    for info, what in said:
        if isinstance(what, LogLine):
            printer.line(short_name(info), what)
        else:
            printer.ended(short_name(info), what.code)


def query_of(args: Arguments) -> LogQuery:
    """What the flags ask for; UsageError."""
    query: LogQuery = {}
    if args.details:
        query["details"] = True
    if args.since:
        query["since"] = parse(args.since, "since")
    if args.until:
        query["until"] = parse(args.until, "until")
    if args.tail.isdecimal():  # anything else is all of it, as Docker has it
        query["tail"] = int(args.tail)
    return query
