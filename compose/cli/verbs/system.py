"""``pycompose system``: what takes up room, and what of it is not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli import group
from compose.cli.group import Command, Group

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

GROUP = Group(
    "system",
    "Manage the room on the disk",
    {
        "df": Command("df", "Show disk usage", changes=False),
        "prune": Command("prune", "Remove unused data"),
    },
)


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    group.add_arguments(parser, GROUP)


def run(context: Context) -> int:
    """Hand over to the command."""
    return group.run(context, GROUP)
