"""``down`` on a cluster: services, then networks, secrets and configs; with -v the volumes of the node that is spoken to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.cluster.changing import carry_out, observed, refuse_flags
from compose.cli.verbs import down

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

_MEANINGLESS = {
    "rmi": "images are the nodes' own",
    "timeout": "the grace period is the service's: stop_grace_period",
}


def add_arguments(parser: Parser) -> None:
    """The flags of ``down``."""
    down.add_arguments(parser)


def run(context: Context) -> int:
    """Take it down and wait until nothing of it runs."""
    from compose.plan.service_lifecycle import down_plan

    args = context.args
    refuse_flags(context, _MEANINGLESS)
    services = tuple(args.services)
    found = observed(context, services)
    plan = down_plan(found, services)
    volumes = args.volumes and not services
    if not plan and not context.options.dry_run:
        sys.stderr.write(f'Warning: No resource found to remove for project "{found.project}".\n')
    carry_out(context, plan)
    if volumes and not context.options.dry_run:
        _remove_volumes(context, found.project)
    return 0


def _remove_volumes(context: Context, project: str) -> None:
    """Volumes that tasks had on this node. Those of other nodes can only be removed there, and that is said."""
    from compose.ops.stack_volumes import remove_volumes
    from compose.render.text import warn

    remove_volumes(context.cluster, project, context.reporter)
    others = [node for node in context.cluster.nodes() if not node.leader]
    if others:
        warn(
            "volumes are every node's own: only those of the node that was spoken to were removed"
            f" (on others: docker volume prune -a --filter label=com.docker.stack.namespace={project})"
        )
