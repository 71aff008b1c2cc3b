"""``pycompose version``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.version import VERSION

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``version``."""
    add = parser.add_argument
    add("-f", "--format", help="Format the output. Values: [pretty | json]. (Default: pretty)")
    add("--short", action="store_true", help="Shows only the version number")


def run(context: Context) -> int:
    """Print the version."""
    if context.args.short:
        text = VERSION
    elif context.args.format == "json":
        text = f'{{"version":"{VERSION}"}}'
    else:
        text = f"pycompose version {VERSION}"
    sys.stdout.write(f"{text}\n")
    return 0
