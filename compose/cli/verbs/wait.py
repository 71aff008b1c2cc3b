"""``pycompose wait``: block until containers end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.endless import interruptible
from compose.ops.selection import project_containers
from compose.ops.wait import ends
from compose.plan.options import DownOptions
from schemas.errors import NotFound

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``wait``."""
    parser.add_argument(
        "--down-project", action="store_true", help="Drops project when the first container stops"
    )
    parser.add_argument("services", nargs="+")


def run(context: Context) -> int:
    """Print each exit code as it comes; the last one is the command's. --down-project: the first one ends all."""
    interruptible()
    services = tuple(context.args.services)
    name, _ = context.project_or_name(services)
    containers = project_containers(context.engine, name, services=services, all=False)
    if not containers:
        raise NotFound(f'no containers for project "{name}"')
    code = 0
    for info, end in ends(context.engine, containers):
        code = end.code
        sys.stdout.write(f'container "{info.id}" exited with status code {code}\n')
        sys.stdout.flush()
        if context.args.down_project:
            from compose.cli.verbs.down import take_down

            take_down(context, DownOptions())
            break
    return code
