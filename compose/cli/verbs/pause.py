"""``pycompose pause``: freeze the project's running containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, subject
from compose.ops.flat import pause_plan

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The arguments of ``pause``."""
    parser.add_argument("services", nargs="*")


def run(context: Context) -> int:
    """Pause all, or the named services."""
    services = tuple(context.args.services)
    project, graph, observed = subject(context, services)
    known = None if project is None else graph.services
    carry_out(context, pause_plan(observed, services, known=known))
    return 0
