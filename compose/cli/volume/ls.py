"""``pycompose volume ls``: the volumes that are here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.filters import parse
from compose.ops.volume_list import FILTERS, listed

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
        help='Provide filter values (e.g. "dangling=true")',
    )
    add("--format", help=FORMAT_HELP)
    add("-q", "--quiet", action="store_true", help="Only display volume names")


def run(context: Context, args: Arguments) -> int:
    """Print a line for each volume."""
    from compose.render.template import render
    from compose.render.volumes import LAYOUT, fields

    found = listed(context.engine, parse(args.filter, FILTERS))
    if args.quiet:
        sys.stdout.write("".join(f"{volume.name}\n" for volume in found))
        return 0
    rows = [fields(volume) for volume in found]
    sys.stdout.write(render(args.format or "table", LAYOUT, rows))
    return 0
