"""``pycompose image``: manage images."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from compose.cli.parser import REST, Parser
from schemas.errors import UsageError
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from compose.cli.options import Context


class Command(NamedTuple):
    """``module`` is its name in compose.cli.image; ``changes``: not to be done in a dry run."""

    module: str
    summary: str
    changes: bool = True


COMMANDS = {
    "import": Command(
        "importing", "Import the contents from a tarball to create a filesystem image"
    ),
    "inspect": Command(
        "inspect", "Display detailed information on one or more images", changes=False
    ),
    "load": Command("load", "Load an image from a tar archive or STDIN"),
    "ls": Command("ls", "List images", changes=False),
    "prune": Command("prune", "Remove unused images"),
    "pull": Command("pull", "Download an image from a registry"),
    "push": Command("push", "Upload an image to a registry"),
    "rm": Command("rm", "Remove one or more images"),
    "save": Command(
        "save",
        "Save one or more images to a tar archive (streamed to STDOUT by default)",
        changes=False,
    ),
    "tag": Command("tag", "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE"),
}
_ALIASES = {"list": "ls", "remove": "rm"}


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    parser.interspersed = False
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{command.summary}" for name, command in COMMANDS.items()]
    parser.usage = "COMMAND"
    parser.description = "\n".join(["Manage images", "", "Commands:", *lines])
    parser.add_argument("words", nargs=REST)


def run(context: Context) -> int:
    """Hand over to the command."""
    from compose.cli.usage import verb_help

    words = context.args.words
    if not words:
        parser = Parser()
        add_arguments(parser)
        sys.stdout.write(verb_help("image", "", parser))
        return 0
    name = _ALIASES.get(words[0], words[0])
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(
            f"unknown command: image {words[0]}", hint=f"there are: {', '.join(COMMANDS)}"
        )
    module = import_module(f"compose.cli.image.{command.module}")
    parser = Parser()
    module.add_arguments(parser)
    args = parser.parse(words[1:])
    if args.help:
        sys.stdout.write(verb_help(f"image {name}", command.summary, parser))
        return 0
    if command.changes and context.options.dry_run:
        raise UsageError(f"image {name} has no dry run")
    code: int = module.run(context, args)
    return code
