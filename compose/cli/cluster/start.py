"""``start`` on a cluster: as many tasks as before ``stop``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.cluster.changing import carry_out, observed
from compose.cli.verbs import start
from schemas import labels

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``start``."""
    start.add_arguments(parser)


def run(context: Context) -> int:
    """Scale what was stopped to what it was; what runs is left alone."""
    from compose.plan.service_lifecycle import scaled_plan

    found = observed(context, tuple(context.args.services))
    names = tuple(context.args.services) or tuple(found.services)
    counts = {
        name: int(found.services[name].labels[labels.STOPPED])
        for name in names
        if labels.STOPPED in found.services[name].labels
    }
    marks: dict[str, dict[str, str | None]] = {name: {labels.STOPPED: None} for name in counts}
    carry_out(context, scaled_plan(found, counts, "start is asked for", marks).plan)
    return 0
