"""``pycompose rollback``: services as they were before their last change. A Swarm remembers that; other engines do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.errors import Unsupported

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The arguments of ``rollback``."""
    parser.usage = "[OPTIONS] [SERVICE...]"
    parser.add_argument("services", nargs="*")


def run(context: Context) -> int:
    """Unsupported: here nothing is remembered."""
    raise Unsupported(
        f"rollback needs --engine swarm: engine {context.options.engine} keeps no former specs",
        hint="bring the former file back, and up -d",
    )
