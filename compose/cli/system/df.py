"""``pycompose system df``: what takes up room on the disk."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``df``."""
    from compose.cli.verbs.ps import FORMAT_HELP

    add = parser.add_argument
    add("--format", default="", help=FORMAT_HELP)
    add("-v", "--verbose", action="store_true", help="Show detailed information on space usage")


def run(context: Context, args: Arguments) -> int:
    """Print a line for each kind, or with -v one for each thing."""
    from compose.render.jsontext import dumps
    from compose.render.record import Record
    from compose.render.template import filler, plain, render
    from compose.render.usage import LAYOUT, details, summary, verbose

    usage = context.engine.disk_usage()
    now = time.time()
    if not args.verbose:
        sys.stdout.write(render(args.format or "table", LAYOUT, summary(usage)))
    elif args.format in ("", "table"):
        sys.stdout.write(verbose(usage, now))
    else:
        found = details(usage, now, whole=True)
        if args.format == "json":
            sys.stdout.write(
                dumps({kind: [plain(row) for row in rows] for kind, rows in found.items()}) + "\n"
            )
        else:
            sys.stdout.write(filler(args.format)(Record(found)) + "\n")
    return 0
