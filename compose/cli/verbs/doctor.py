"""``pycompose doctor``: what this machine offers containers, and what it lacks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``doctor``."""
    parser.add_argument(
        "--format", default="pretty", help="Format the output. Values: [pretty | json]"
    )


def run(context: Context) -> int:
    """Print the findings; 1 when something is missing without which no container runs."""
    from compose.render import findings as words
    from compose.render.colour import wanted

    form = context.args.format
    if form not in ("pretty", "json"):
        raise UsageError(f'format value "{form}" could not be parsed: parsing failed')
    found = context.engine.doctor()
    if form == "json":
        sys.stdout.write(words.as_json(found))
    else:
        sys.stdout.write(
            words.as_text(found, colour=wanted(context.options.ansi, context.environ, 1))
        )
    return 1 if any(not each.ok and each.essential for each in found) else 0
