"""``pycompose network ls``: the networks that are here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.filters import parse
from compose.ops.network_list import FILTERS, listed

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``ls``."""
    from compose.cli.verbs.ps import FORMAT_HELP

    parser.usage = "[OPTIONS]"
    add = parser.add_argument
    add(
        "-f",
        "--filter",
        action="append",
        metavar="filter",
        help='Provide filter values (e.g. "driver=bridge")',
    )
    add("--format", help=FORMAT_HELP)
    add("--no-trunc", action="store_true", help="Do not truncate the output")
    add("-q", "--quiet", action="store_true", help="Only display network IDs")


def run(context: Context, args: Arguments) -> int:
    """Print a line for each network."""
    from compose.render.networks import LAYOUT, fields
    from compose.render.template import render

    found = listed(context.engine, parse(args.filter, FILTERS))
    rows = [fields(network, whole=args.no_trunc) for network in found]
    if args.quiet:
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
        return 0
    sys.stdout.write(render(args.format or "table", LAYOUT, rows))
    return 0
