"""``pycompose down``: stop and remove what ``up`` made."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.changing import add_timeout, carry_out, subject, tell_providers, truth
from compose.plan.options import DownOptions
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.graph import Graph
    from compose.plan.actions import Plan
    from compose.project import Project


def add_arguments(parser: Parser) -> None:
    """The flags of ``down``."""
    add = parser.add_argument
    add("--remove-orphans", action="store_true",
        help="Remove containers for services not defined in the Compose file")  # fmt: skip
    add("--rmi", help='Remove images used by services. "local" remove only images that don\'t have a custom tag '
        '("local"|"all")')  # fmt: skip
    add_timeout(parser)
    add("-v", "--volumes", action="store_true",
        help='Remove named volumes declared in the "volumes" section of the Compose file and anonymous volumes '
        "attached to containers")  # fmt: skip
    add("services", nargs="*")


def run(context: Context) -> int:
    """Remove containers and networks; volumes and images when asked. What others use stays, with a warning."""
    args = context.args
    if args.rmi not in (None, "", "all", "local"):
        raise UsageError(f'invalid value for --rmi: "{args.rmi}"')
    options = DownOptions(
        services=tuple(args.services),
        timeout=args.timeout,
        volumes=args.volumes,
        images=args.rmi or "",
        remove_orphans=args.remove_orphans or truth(context, "COMPOSE_REMOVE_ORPHANS"),
    )
    take_down(context, options)
    return 0


def take_down(context: Context, options: DownOptions) -> None:
    """Carry it out; say so when there is nothing."""
    from compose.plan.lifecycle import down_plan

    project, graph, observed = subject(context, options.services)
    plan = down_plan(graph, observed, options)
    _carry_out(context, plan, project, graph)
    tell_providers(context, project, options.services, "down")


def _carry_out(context: Context, plan: Plan, project: Project | None, graph: Graph) -> None:
    if not plan and not context.options.dry_run:
        name = project.name if project else graph.project
        context.engine.recover()
        sys.stderr.write(f'Warning: No resource found to remove for project "{name}".\n')
        return
    carry_out(context, plan)
