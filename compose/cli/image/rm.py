"""``pycompose image rm``: take names away, and with its last name the image."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import EngineError, NotFound

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``rm``."""
    add = parser.add_argument
    add("-f", "--force", action="store_true", help="Force removal of the image")
    add("image", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Remove what can be removed; 1 when something could not (with --force, except what is not there)."""
    code = 0
    for name in args.image:
        try:
            done = context.engine.remove_image(name, force=args.force)
        except EngineError as err:
            sys.stdout.flush()
            sys.stderr.write(f"{err.message}\n")
            if not (args.force and isinstance(err, NotFound)):
                code = 1
            continue
        sys.stdout.write("".join(f"{line}\n" for line in done))
    return code
