"""``rollback`` on a cluster: services as they were before their last change, as their rollback_config says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.cluster.changing import carry_out, observed
from compose.cli.verbs import rollback

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The arguments of ``rollback``."""
    rollback.add_arguments(parser)


def run(context: Context) -> int:
    """Go back and wait; without names every service that was ever changed."""
    from compose.plan.service_lifecycle import rollback_plan

    services = tuple(context.args.services)
    found = observed(context, services)
    names = services or tuple(
        name for name, info in found.services.items() if info.previous is not None
    )
    carry_out(context, rollback_plan(found, names).plan)
    return 0
