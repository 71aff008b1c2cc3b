"""``pycompose image prune``: remove what no container uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.image_list import parse_filters
from compose.ops.image_prune import prune
from compose.render.text import human_size

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``prune``."""
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="Remove all unused images, not just dangling ones")
    add(
        "--filter",
        action="append",
        metavar="filter",
        help='Provide filter values (e.g. "label=<key>=<value>")',
    )
    add("-f", "--force", action="store_true", help="Do not prompt for confirmation")


def run(context: Context, args: Arguments) -> int:
    """Ask, remove, say what went and how much room it gave."""
    filters = parse_filters(args.filter)
    if not args.force and not _agreed(everything=args.all):
        return 0
    done, freed = prune(context.engine, filters, everything=args.all)
    if done:
        sys.stdout.write("Deleted Images:\n" + "".join(f"{line}\n" for line in done) + "\n")
    sys.stdout.write(f"Total reclaimed space: {human_size(freed)}\n")
    return 0


def _agreed(*, everything: bool) -> bool:
    what = (
        "all images without at least one container associated to them"
        if everything
        else "all dangling images"
    )
    sys.stdout.write(
        f"WARNING! This will remove {what}.\nAre you sure you want to continue? [y/N] "
    )
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
