"""``pycompose scale``: another number of containers of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, truth
from compose.cli.making import parse_scale, prepared
from compose.ops.up import Wish
from compose.plan.options import UpOptions

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``scale``."""
    parser.usage = "[OPTIONS] [SERVICE=REPLICAS...]"
    parser.add_argument("--no-deps", action="store_true", help="Don't start linked services")
    parser.add_argument("services", nargs="+")


def run(context: Context) -> int:
    """Make and start containers, or stop and remove them, until there are as many as asked for."""
    args = context.args
    scale = parse_scale(args.services, specifier=True)
    services = tuple(scale)
    wish = Wish(
        services=services,
        no_deps=args.no_deps,
        scale=scale,
        compatibility=context.options.compatibility,
    )
    options = UpOptions(
        services=services,
        ignore_orphans=truth(context, "COMPOSE_IGNORE_ORPHANS"),
    )
    found = prepared(context, wish, options)
    carry_out(context, found.plan, found)
    return 0
