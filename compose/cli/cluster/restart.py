"""``restart`` on a cluster: every task anew, a few at a time as the service's update_config says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.cluster.changing import carry_out, observed, refuse_flags
from compose.cli.verbs import restart

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

_MEANINGLESS = {
    "no_deps": "services are restarted one by one, dependents are not",
    "timeout": "the grace period is the service's: stop_grace_period",
}


def add_arguments(parser: Parser) -> None:
    """The flags of ``restart``."""
    restart.add_arguments(parser)


def run(context: Context) -> int:
    """Force an update, and wait for it."""
    from compose.plan.service_lifecycle import restart_plan

    refuse_flags(context, _MEANINGLESS)
    found = observed(context, tuple(context.args.services))
    carry_out(context, restart_plan(found, tuple(context.args.services) or tuple(found.services)))
    return 0
