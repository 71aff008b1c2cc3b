"""``pycompose image inspect``: images as ``docker image inspect`` shows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import NotFound

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``inspect``."""
    add = parser.add_argument
    add("-f", "--format", help="Format output using a custom template: 'json' or a Go template")
    add("image", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Print what is there; 1 when something is not."""
    from compose.render.jsontext import dumps
    from compose.render.template import filler

    found, missing = [], []
    for name in args.image:
        try:
            found.append(context.engine.image_inspect(name))
        except NotFound as err:
            missing.append(err.message)
    if not args.format:
        sys.stdout.write((dumps(found, indent="    ") if found else "[]") + "\n")
    elif args.format == "json":
        sys.stdout.write(dumps(found) + "\n")
    else:
        fill = filler(args.format)
        sys.stdout.write("".join(f"{fill(each)}\n" for each in found))
    sys.stdout.flush()
    sys.stderr.write("".join(f"{line}\n" for line in missing))
    return 1 if missing else 0
