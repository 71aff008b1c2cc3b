"""``pycompose restart``: stop and start containers as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import add_timeout, carry_out, subject
from compose.plan.options import RestartOptions

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``restart``."""
    parser.add_argument("--no-deps", action="store_true", help="Don't restart dependent services")
    add_timeout(parser)
    parser.add_argument("services", nargs="*")


def run(context: Context) -> int:
    """Restart all, or the named services and (unless --no-deps) the dependents that ask for it."""
    from compose.plan.lifecycle import restart_plan

    args = context.args
    services = tuple(args.services)
    _, graph, observed = subject(context, services)
    options = RestartOptions(services=services, timeout=args.timeout, no_deps=args.no_deps)
    carry_out(context, restart_plan(graph, observed, options))
    return 0
