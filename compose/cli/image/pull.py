"""``pycompose image pull``: an image from a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.image.transfer import Transcript

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``pull``."""
    parser.usage = "[OPTIONS] NAME[:TAG|@DIGEST]"
    add = parser.add_argument
    add("--platform", default="", help="Set platform if server is multi-platform capable")
    add("-q", "--quiet", action="store_true", help="Suppress verbose output")
    add("name")


def run(context: Context, args: Arguments) -> int:
    """Pull; print the name."""
    transcript = Transcript(context, quiet=args.quiet)
    last = args.name.rpartition("/")[2]
    if ":" not in last and "@" not in last:
        transcript.say("Using default tag: latest")
    context.engine.pull(args.name, platform=args.platform, sink=transcript)
    transcript.end(args.name)
    return 0
