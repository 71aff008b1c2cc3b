"""``pycompose create``: make containers without starting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import carry_out
from compose.cli.making import (
    add_making_flags,
    check_making_flags,
    parse_scale,
    prepared,
    up_options,
)
from compose.ops.up import Wish

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``create``."""
    add_making_flags(parser, pull='"always"|"missing"|"never"|"build"')
    parser.add_argument("services", nargs="*")


def run(context: Context) -> int:
    """Make what is missing or has changed."""
    check_making_flags(context, up=False)
    args = context.args
    services = tuple(args.services)
    wish = Wish(
        services=services,
        scale=parse_scale(args.scale),
        pull=args.pull,
        quiet_pull=args.quiet_pull,
        build=args.build,
        no_build=args.no_build,
        quiet_build=args.quiet_build,
        compatibility=context.options.compatibility,
    )
    found = prepared(context, wish, up_options(context, services, start=False))
    carry_out(context, found.plan, found)
    return 0
