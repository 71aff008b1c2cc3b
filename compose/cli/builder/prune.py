"""``pycompose builder prune``: remove what builds keep."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.confirm import agreed
from compose.cli.prune_filters import parse
from compose.ops import pruning
from compose.render.removed import listing

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``prune``."""
    add = parser.add_argument
    add("-a", "--all", action="store_true",
        help="Remove all unused build cache, not just dangling ones")  # fmt: skip
    add("--filter", action="append", metavar="filter",
        help='Provide filter values (e.g. "until=24h")')  # fmt: skip
    add("-f", "--force", action="store_true", help="Do not prompt for confirmation")
    add("--keep-storage", default="", metavar="bytes",
        help="Amount of disk space to keep for cache")  # fmt: skip


def run(context: Context, args: Arguments) -> int:
    """Ask, remove, say what went and how much room it gave."""
    from compose.text import parse_bytes

    filters = parse(args.filter, ("until",))
    keep = parse_bytes(args.keep_storage) if args.keep_storage else 0
    what = "all build cache" if args.all else "all dangling build cache"
    if not args.force and not agreed(f"This will remove {what}.", gap=" "):
        return 0
    found = pruning.cache(context.engine, filters, everything=args.all, keep=keep)
    sys.stdout.write(listing([found]))
    return 0
