"""``pycompose image push``: an image to the registry that its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.image.transfer import Transcript

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``push``."""
    parser.usage = "[OPTIONS] NAME[:TAG]"
    add = parser.add_argument
    add("-q", "--quiet", action="store_true", help="Suppress verbose output")
    add("name")


def run(context: Context, args: Arguments) -> int:
    """Push."""
    transcript = Transcript(context, quiet=args.quiet)
    if ":" not in args.name.rpartition("/")[2] and "@" not in args.name:
        transcript.say("Using default tag: latest")
    context.engine.push(args.name, sink=transcript)
    transcript.end(args.name if args.quiet else "")
    return 0
