"""``pycompose image``: manage images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli import group
from compose.cli.group import Command, Group

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

_COMMANDS = {
    "history": Command("history", "Show the history of an image", changes=False),
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
GROUP = Group("image", "Manage images", _COMMANDS, {"list": "ls", "remove": "rm"})


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    group.add_arguments(parser, GROUP)


def run(context: Context) -> int:
    """Hand over to the command."""
    return group.run(context, GROUP)
