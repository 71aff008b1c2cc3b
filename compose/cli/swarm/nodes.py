"""``swarm nodes``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags, in docker's words."""
    parser.add_argument(
        "--format",
        default="table",
        help="Format output using a custom template: 'table' (default), 'table TEMPLATE', 'json', or a Go template",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="Only display IDs")


def run(context: Context, args: Arguments) -> int:
    """Print the nodes."""
    from compose.backends import open_cluster
    from compose.render.tasks import NODES, node_fields
    from compose.render.template import render

    engine = open_cluster("swarm")
    try:
        nodes = engine.nodes()
    finally:
        engine.close()
    if args.quiet:
        sys.stdout.write("".join(f"{node.id}\n" for node in nodes))
    else:
        sys.stdout.write(render(args.format, NODES, [node_fields(node) for node in nodes]))
    return 0
