"""``pycompose image load``: the images of an archive."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``load``."""
    add = parser.add_argument
    add("-i", "--input", help="Read from tar archive file, instead of STDIN")
    add("-q", "--quiet", action="store_true", help="Suppress the load output")


def run(context: Context, args: Arguments) -> int:
    """Load; print each image's names."""
    path = args.input or "-"
    if path == "-" and os.isatty(0):
        raise UsageError("requested load from stdin, but stdin is empty")
    # On a terminal a large layer takes long enough to want to see it.
    loud = not args.quiet and os.isatty(2)
    found = context.engine.load_images(
        path, sink=context.reporter if loud else lambda progress: None
    )
    context.progress_done()
    for info in found:
        names = [f"Loaded image: {name}" for name in info.tags] or [f"Loaded image ID: {info.id}"]
        sys.stdout.write("".join(f"{line}\n" for line in names))
    return 0
