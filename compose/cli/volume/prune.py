"""``pycompose volume prune``: remove the volumes that no container has."""

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

_ALL = ("all=1", "all=true")  # --all as a filter, which is what the API has


def add_arguments(parser: Parser) -> None:
    """The flags of ``prune``."""
    parser.usage = "[OPTIONS]"
    add = parser.add_argument
    add(
        "-a",
        "--all",
        action="store_true",
        help="Remove all unused volumes, not just anonymous ones",
    )
    add("--filter", action="append", metavar="filter", help=HELP)
    add("-f", "--force", action="store_true", help="Do not prompt for confirmation")


def run(context: Context, args: Arguments) -> int:
    """Ask, remove, say what went and how much room it gave."""
    everything = args.all or any(text in _ALL for text in args.filter)
    filters = parse([text for text in args.filter if not text.startswith("all=")], ("label",))
    what = "all" if everything else "anonymous"
    warning = f"This will remove {what} local volumes not used by at least one container."
    if not args.force and not agreed(warning):
        return 0
    done = pruning.volumes(context.engine, filters, everything=everything)
    sys.stdout.write(listing([done]))
    return 0
