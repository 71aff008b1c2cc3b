"""``swarm leave``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags, in docker's words."""
    parser.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="Force this node to leave the swarm, ignoring warnings",
    )


def run(context: Context, args: Arguments) -> int:
    """Leave; a manager only by force."""
    from compose.backends import open_swarm

    swarm = open_swarm()
    try:
        swarm.leave(force=args.force)
    finally:
        swarm.close()
    sys.stdout.write("Node left the swarm.\n")
    return 0
