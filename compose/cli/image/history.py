"""``pycompose image history``: how an image was made."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``history``."""
    from compose.cli.verbs.ps import FORMAT_HELP

    add = parser.add_argument
    add("--format", default="", help=FORMAT_HELP)
    add("-H", "--human", action="store_true", default=True,
        help="Print sizes and dates in human readable format")  # fmt: skip
    add("--no-trunc", action="store_true", help="Don't truncate output")
    add("-q", "--quiet", action="store_true", help="Only show image IDs")
    add("image")


def run(context: Context, args: Arguments) -> int:
    """Print a line for each step, newest first."""
    from compose.render.history import EXACT, LAYOUT, fields
    from compose.render.template import render

    now = time.time()
    steps = context.engine.image_history(args.image)
    rows = [fields(step, now, whole=args.no_trunc, human=args.human) for step in steps]
    if args.quiet:
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
        return 0
    layout = LAYOUT if args.human else EXACT
    sys.stdout.write(render(args.format or "table", layout, rows))
    return 0
