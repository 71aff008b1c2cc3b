"""``pycompose image ls``: the images that are here."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from compose.ops.image_list import listed, parse_filters

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``ls``."""
    from compose.cli.verbs.ps import FORMAT_HELP

    parser.usage = "[OPTIONS] [REPOSITORY[:TAG]]"
    add = parser.add_argument
    add(
        "-a",
        "--all",
        action="store_true",
        help="Show all images (there are no intermediate ones here)",
    )
    add("--digests", action="store_true", help="Show digests")
    add(
        "-f",
        "--filter",
        action="append",
        metavar="filter",
        help="Filter output based on conditions provided",
    )
    add("--format", help=FORMAT_HELP)
    add("--no-trunc", action="store_true", help="Don't truncate output")
    add("-q", "--quiet", action="store_true", help="Only show image IDs")
    add("reference", nargs="?")


def run(context: Context, args: Arguments) -> int:
    """Print a line for each name."""
    from compose.render.images import LAYOUT, WITH_DIGESTS, fields
    from compose.render.template import render
    from compose.render.text import short_id

    filters = parse_filters(args.filter)
    if args.reference:
        filters.append(("reference", args.reference))
    found = listed(context.engine, filters)
    if args.quiet:
        ids = [each.image.id if args.no_trunc else short_id(each.image.id) for each in found]
        sys.stdout.write("".join(f"{id}\n" for id in ids))
        return 0
    layout = WITH_DIGESTS if args.digests else LAYOUT
    now = time.time()
    rows = [fields(each, now, whole=args.no_trunc) for each in found]
    sys.stdout.write(render(args.format or "table", layout, rows))
    return 0
