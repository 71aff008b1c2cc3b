"""``plan`` on a cluster: what ``up`` would do, why, and which fields differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.cluster.changing import refuse_flags
from compose.cli.cluster.up import MEANINGLESS, add_resolving, prepared
from compose.cli.verbs import plan
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``plan``."""
    plan.add_arguments(parser)
    add_resolving(parser)


def run(context: Context) -> int:
    """Print the plan; 2 when there is something in it."""
    from compose.ops.explain import Explained

    refuse_flags(context, {key: why for key, why in MEANINGLESS.items() if key != "no_color"})
    if context.args.format not in ("text", "json"):
        raise UsageError(
            f'format value "{context.args.format}" could not be parsed: parsing failed'
        )
    found = prepared(context)
    engine = context.options.engine
    return plan.show(context, Explained(found.stack.project, engine, found.plan, [], found.changes))
