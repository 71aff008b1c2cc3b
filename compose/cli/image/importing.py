"""``pycompose image import``: a root filesystem as an image."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``import``."""
    parser.usage = "[OPTIONS] file|- [REPOSITORY[:TAG]]"
    add = parser.add_argument
    add(
        "-c",
        "--change",
        action="append",
        metavar="list",
        help="Apply Dockerfile instruction to the created image",
    )
    add("-m", "--message", default="", help="Set commit message for imported image")
    add("file")
    add("reference", nargs="?")


def run(context: Context, args: Arguments) -> int:
    """Import; print the image's id."""
    if "://" in args.file:
        raise UsageError(
            f"importing from a URL is not supported: {args.file}", hint="download it first"
        )
    info = context.engine.import_image(
        args.file,
        args.reference or "",
        changes=args.change,
        message=args.message,
        sink=lambda progress: None,
    )
    sys.stdout.write(f"{info.id}\n")
    return 0
