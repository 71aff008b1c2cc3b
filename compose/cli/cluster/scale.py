"""``scale`` on a cluster: another number of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.cluster.changing import carry_out, observed
from compose.cli.making import parse_scale
from compose.cli.verbs import scale

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``scale``."""
    scale.add_arguments(parser)


def run(context: Context) -> int:
    """Change the number and wait until it is so. What the files say otherwise is not touched."""
    from compose.plan.service_lifecycle import scaled_plan

    wanted = parse_scale(context.args.services, specifier=True)
    found = observed(context, tuple(wanted))
    carry_out(context, scaled_plan(found, wanted, "another number of tasks is asked for").plan)
    return 0
