"""``pycompose builder``: what builds keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli import group
from compose.cli.group import Command, Group

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

GROUP = Group(
    "builder",
    "Manage the build cache",
    {
        "prune": Command("prune", "Remove build cache"),
    },
)


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    group.add_arguments(parser, GROUP)


def run(context: Context) -> int:
    """Hand over to the command."""
    return group.run(context, GROUP)
