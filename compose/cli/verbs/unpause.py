"""``pycompose unpause``: let paused containers go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, subject
from compose.ops.flat import unpause_plan

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The arguments of ``unpause``."""
    parser.add_argument("services", nargs="*")


def run(context: Context) -> int:
    """Unpause all, or the named services."""
    services = tuple(context.args.services)
    project, graph, observed = subject(context, services)
    known = None if project is None else graph.services
    carry_out(context, unpause_plan(observed, services, known=known))
    return 0
