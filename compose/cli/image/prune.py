"""``pycompose image prune``: remove what no container uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.confirm import agreed
from compose.cli.prune_filters import HELP, parse
from compose.ops import pruning
from compose.render.removed import listing

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser

_ALL = "all images without at least one container associated to them"


def add_arguments(parser: Parser) -> None:
    """The flags of ``prune``."""
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="Remove all unused images, not just dangling ones")
    add("--filter", action="append", metavar="filter", help=HELP)
    add("-f", "--force", action="store_true", help="Do not prompt for confirmation")


def run(context: Context, args: Arguments) -> int:
    """Ask, remove, say what went and how much room it gave."""
    filters = parse(args.filter, ("until", "label", "dangling"))
    what = _ALL if args.all else "all dangling images"
    if not args.force and not agreed(f"This will remove {what}."):
        return 0
    sys.stdout.write(listing([pruning.images(context.engine, filters, everything=args.all)]))
    return 0
