"""``pycompose stop``: end the project's containers without removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import add_timeout, carry_out, subject, tell_providers
from compose.plan.options import StopOptions

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``stop``."""
    add_timeout(parser)
    parser.add_argument("services", nargs="*")


def run(context: Context) -> int:
    """Stop all, or the named services, dependents before what they depend on."""
    from compose.plan.lifecycle import stop_plan

    services = tuple(context.args.services)
    project, graph, observed = subject(context, services)
    options = StopOptions(services=services, timeout=context.args.timeout)
    carry_out(context, stop_plan(graph, observed, options))
    tell_providers(context, project, services, "stop")
    return 0
