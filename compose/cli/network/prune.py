"""``pycompose network prune``: remove the networks that no container has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.confirm import agreed
from compose.cli.prune_filters import parse
from compose.ops import pruning

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser

_WARNING = "This will remove all custom networks not used by at least one container."


def add_arguments(parser: Parser) -> None:
    """The flags of ``prune``."""
    parser.usage = "[OPTIONS]"
    add = parser.add_argument
    add(
        "--filter",
        action="append",
        metavar="filter",
        help='Provide filter values (e.g. "until=<timestamp>")',
    )
    add("-f", "--force", action="store_true", help="Do not prompt for confirmation")


def run(context: Context, args: Arguments) -> int:
    """Ask, remove, say what went."""
    filters = parse(args.filter, ("until", "label"))
    if not args.force and not agreed(_WARNING):
        return 0
    done = pruning.networks(context.engine, filters)
    if done.lines:
        lines = "".join(f"{name}\n" for name in done.lines)
        sys.stdout.write(f"{done.title}\n{lines}\n")
    return 0
