"""``pycompose volume rm``: remove volumes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import EngineError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``rm``."""
    parser.usage = "[OPTIONS] VOLUME [VOLUME...]"
    add = parser.add_argument
    add("-f", "--force", action="store_true", help="Force the removal of one or more volumes")
    add("volume", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Remove what can be removed; 1 when something could not."""
    code = 0
    for name in args.volume:
        try:
            context.engine.remove_volume(name, force=args.force)
        except EngineError as err:
            sys.stdout.flush()
            sys.stderr.write(f"{err.message}\n")
            code = 1
            continue
        sys.stdout.write(f"{name}\n")
    return code
