"""``pycompose image save``: images as an archive that ``docker load`` takes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``save``."""
    parser.add_argument("-o", "--output", help="Write to a file, instead of STDOUT")
    parser.add_argument("image", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Save to the file, or to standard output when that is no terminal."""
    if not args.output and os.isatty(1):
        raise UsageError("cowardly refusing to save to a terminal. Use the -o flag or redirect")
    sys.stdout.flush()
    context.engine.save_images(args.image, args.output or "-")
    return 0
