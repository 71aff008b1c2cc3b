"""``pycompose system prune``: remove everything that nothing uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.confirm import agreed
from compose.cli.prune_filters import HELP, parse
from compose.ops import pruning
from compose.render.removed import listing
from schemas.errors import Conflict, UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``prune``."""
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="Remove all unused images not just dangling ones")
    add("--filter", action="append", metavar="filter", help=HELP)
    add("-f", "--force", action="store_true", help="Do not prompt for confirmation")
    add("--volumes", action="store_true", help="Prune anonymous volumes")


def run(context: Context, args: Arguments) -> int:
    """Ask, remove, say what went and how much room it gave."""
    filters = parse(args.filter, ("until", "label"))
    if args.volumes and filters.until:
        raise UsageError('The "until" filter is not supported with "--volumes"')
    if not args.force and not agreed(_warning(args)):
        return 0
    engine = context.engine
    found = [pruning.containers(engine, filters), pruning.networks(engine, filters)]
    if args.volumes:
        found.append(pruning.volumes(engine, filters))
    found.append(pruning.images(engine, filters, everything=args.all))
    try:
        found.append(pruning.cache(engine, filters, everything=args.all))
    except Conflict as err:
        # What has gone is to be told all the same.
        sys.stdout.write(listing(found))
        sys.stdout.flush()
        raise err from None
    sys.stdout.write(listing(found))
    return 0


def _warning(args: Arguments) -> str:
    going = ["all stopped containers", "all networks not used by at least one container"]
    if args.volumes:
        going.append("all anonymous volumes not used by at least one container")
    if args.all:
        going.append("all images without at least one container associated to them")
        going.append("all build cache")
    else:
        going += ["all dangling images", "unused build cache"]
    lines = ["This will remove:", *(f"  - {what}" for what in going), ""]
    if args.filter:
        lines += ["  Items to be pruned will be filtered with:"]
        lines += [*(f"  - {text}" for text in sorted(args.filter)), ""]
    return "\n".join(lines)
