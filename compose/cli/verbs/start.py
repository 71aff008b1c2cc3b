"""``pycompose start``: start containers that exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, subject
from compose.plan.options import StartOptions
from schemas.errors import NotFound

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``start``."""
    add = parser.add_argument
    add(
        "--wait",
        action="store_true",
        help="Wait for services to be running|healthy. Implies detached mode.",
    )
    add("--wait-timeout", type=int, default=0,
        help="Maximum duration in seconds to wait for the project to be running|healthy")  # fmt: skip
    add("services", nargs="*")


def run(context: Context) -> int:
    """Start all, or the named services, each after what it depends on."""
    from compose.cli.waiting import wait_until_up
    from compose.graph import select
    from compose.plan.lifecycle import start_plan

    args = context.args
    services = tuple(args.services)
    project, graph, observed = subject(context, services)
    if project is None and not observed.containers:
        raise NotFound(f'no container found for project "{graph.project}": not found')
    carry_out(context, start_plan(graph, observed, StartOptions(services=services)))
    if args.wait and not context.options.dry_run:
        chosen = {
            name: graph.services[name].depends_on for name in select(graph.services, services)
        }
        wait_until_up(context, graph.project, chosen, args.wait_timeout)
    return 0
