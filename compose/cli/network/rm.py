"""``pycompose network rm``: remove networks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import EngineError, NotFound

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``rm``."""
    parser.usage = "NETWORK [NETWORK...]"
    add = parser.add_argument
    add(
        "-f",
        "--force",
        action="store_true",
        help="Do not error if the network does not exist",
    )
    add("network", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Remove what can be removed; 1 when something could not (with --force, except what is not there)."""
    code = 0
    for name in args.network:
        try:
            context.engine.remove_network(name)
        except EngineError as err:
            if args.force and isinstance(err, NotFound):
                continue
            sys.stdout.flush()
            sys.stderr.write(f"{err.message}\n")
            code = 1
            continue
        sys.stdout.write(f"{name}\n")
    return code
