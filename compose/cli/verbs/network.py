"""``pycompose network``: manage networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli import group
from compose.cli.group import Command, Group

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

GROUP = Group(
    "network",
    "Manage networks",
    {
        "connect": Command("connect", "Connect a container to a network"),
        "create": Command("create", "Create a network"),
        "disconnect": Command("disconnect", "Disconnect a container from a network"),
        "inspect": Command(
            "inspect", "Display detailed information on one or more networks", changes=False
        ),
        "ls": Command("ls", "List networks", changes=False),
        "prune": Command("prune", "Remove all unused networks"),
        "rm": Command("rm", "Remove one or more networks"),
    },
    {"list": "ls", "remove": "rm"},
)


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    group.add_arguments(parser, GROUP)


def run(context: Context) -> int:
    """Hand over to the command."""
    return group.run(context, GROUP)
