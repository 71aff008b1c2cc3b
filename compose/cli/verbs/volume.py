"""``pycompose volume``: manage volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli import group
from compose.cli.group import Command, Group

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

GROUP = Group(
    "volume",
    "Manage volumes",
    {
        "create": Command("create", "Create a volume"),
        "inspect": Command(
            "inspect", "Display detailed information on one or more volumes", changes=False
        ),
        "ls": Command("ls", "List volumes", changes=False),
        "prune": Command("prune", "Remove unused local volumes"),
        "rm": Command("rm", "Remove one or more volumes"),
    },
    {"list": "ls", "remove": "rm"},
)


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    group.add_arguments(parser, GROUP)


def run(context: Context) -> int:
    """Hand over to the command."""
    return group.run(context, GROUP)
