"""``pycompose ps``: the project's containers."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from compose.ops.ps import listed, services_of
from compose.ops.selection import check_services
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

FORMAT_HELP = (
    "Format output using a custom template: 'table': print output in table format with column headers (default), "
    "'table TEMPLATE': print output in table format using the given Go template, 'json': print in JSON format, "
    "'TEMPLATE': print output using the given Go template"
)


def add_arguments(parser: Parser) -> None:
    """The flags of ``ps``."""
    add = parser.add_argument
    add("-a", "--all", action="store_true",
        help="Show all stopped containers (including those created by the run command)")  # fmt: skip
    add("--filter", help="Filter services by a property (supported filters: status)")
    add("--format", default="table", help=FORMAT_HELP)
    add("--no-trunc", action="store_true", help="Don't truncate output")
    add("--orphans", action="store_true", default=True,
        help="Include orphaned services (not declared by project)")  # fmt: skip
    add("-q", "--quiet", action="store_true", help="Only display IDs")
    add("--services", action="store_true", help="Display services")
    add(
        "--status",
        action="append",
        help="Filter services by status. Values: [paused | restarting | removing | running | dead | created | exited]",
    )
    add("names", nargs="*")
    parser.usage = "[OPTIONS] [SERVICE...]"


def run(context: Context) -> int:
    """Print what was asked for."""
    args = context.args
    states = [*args.status, *_filtered(args.filter)]
    name, project = context.project_or_name()
    names = list(args.names)
    if project is not None:
        check_services(names, project.services, project.disabled)
        if not names and not args.orphans:
            names = list(project.services)
    found = listed(context.engine, name, names, all=args.all, states=states)
    if args.quiet:
        text = "".join(f"{info.id}\n" for info in found)
    elif args.services:
        text = "\n".join(services_of(found)) + "\n"
    else:
        from compose.render.containers import LAYOUT, RAW, fields
        from compose.render.template import render

        now = time.time()
        rows = [fields(info, now, whole=args.no_trunc) for info in found]
        text = render(RAW if args.format == "raw" else args.format, LAYOUT, rows)
    sys.stdout.write(text)
    return 0


def _filtered(text: str | None) -> list[str]:
    if not text:
        return []
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError("arguments to --filter should be in form KEY=VAL")
    if key != "status":
        raise UsageError(f"unknown filter {key}")
    return [value]
