"""``pycompose ls``: the projects on this machine."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from compose.cli.parser import FlagError
from compose.ops.ls import ProjectState, projects
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``ls``."""
    add = parser.add_argument
    add("-a", "--all", action="store_true", help="Show all stopped Compose projects")
    add(
        "--filter",
        action="append",
        metavar="filter",
        help="Filter output based on conditions provided",
    )
    add("--format", default="table", help="Format the output. Values: [table | json]")
    add("-q", "--quiet", action="store_true", help="Only display IDs")


def run(context: Context) -> int:
    """Print the projects, with the state of their containers."""
    from compose.render.listing import listing

    args = context.args
    filters = [_filter(text) for text in args.filter]
    found = projects(context.engine, all=args.all)
    shown = [state for state in found if all(_matches(state, value) for value in filters)]
    if args.quiet:
        sys.stdout.write("".join(f"{state.name}\n" for state in shown))
        return 0
    header = ("NAME", "STATUS", "CONFIG FILES")
    records = [
        {"Name": each.name, "Status": each.status, "ConfigFiles": each.config_files}
        for each in shown
    ]
    sys.stdout.write(listing(args.format, header, list(shown), records))
    return 0


def _filter(text: str) -> str:
    """The value of ``name=value``, the only filter there is."""
    key, equals, value = text.partition("=")
    if not equals:
        raise FlagError(
            f'invalid argument "{text}" for "--filter" flag: bad format of filter (expected name=value)'
        )
    if key.strip().lower() != "name":
        raise UsageError(f"invalid filter '{key}'")
    return value.strip()


def _matches(state: ProjectState, pattern: str) -> bool:
    """Whether the name is, or contains, the pattern (a regular expression)."""
    try:
        return state.name == pattern or re.search(pattern, state.name) is not None
    except re.error:
        return False
