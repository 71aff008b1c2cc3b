"""``swarm join-token``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.backends.swarm.admin import Role, Swarm
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags, in docker's words."""
    parser.usage = "[OPTIONS] (worker|manager)"
    parser.add_argument("-q", "--quiet", action="store_true", help="Only display token")
    parser.add_argument("--rotate", action="store_true", help="Rotate join token")
    parser.add_argument("role", nargs="1")


def run(context: Context, args: Arguments) -> int:
    """Print the token, or the whole command that uses it."""
    from compose.backends import open_swarm

    if args.role not in ("worker", "manager"):
        raise UsageError(f"{args.role} is no role: worker or manager")
    swarm = open_swarm()
    try:
        text = told(swarm, args.role, rotate=args.rotate, quiet=args.quiet)
    finally:
        swarm.close()
    sys.stdout.write(text)
    return 0


def told(swarm: Swarm, role: Role, *, rotate: bool = False, quiet: bool = False) -> str:
    """What a person who wants to join is to type."""
    token = swarm.token(role, rotate=rotate)
    if quiet:
        return f"{token}\n"
    command = f"pycompose swarm join --token {token} {swarm.address()}"
    return f"To add a {role} to this swarm, run the following command where its daemon is:\n\n    {command}\n\n"
