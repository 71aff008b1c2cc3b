"""``pycompose network disconnect``: take a container off a network, at once when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``disconnect``."""
    parser.usage = "[OPTIONS] NETWORK CONTAINER"
    add = parser.add_argument
    add(
        "-f",
        "--force",
        action="store_true",
        help="Force the container to disconnect from a network",
    )
    add("network")
    add("container")


def run(context: Context, args: Arguments) -> int:
    """Disconnect; with --force a container that is not there is no error."""
    context.engine.disconnect(args.container, args.network, force=args.force)
    return 0
