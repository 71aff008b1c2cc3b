"""``pycompose image tag``: one more name for an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """``tag`` has no flags."""
    parser.usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]"
    parser.add_argument("source")
    parser.add_argument("target")


def run(context: Context, args: Arguments) -> int:
    """Tag."""
    context.engine.tag_image(args.source, args.target)
    return 0
