"""``pycompose inspect``: all that there is to say of a service's containers, in Docker's words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import NotFound

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``inspect``."""
    add = parser.add_argument
    add("-f", "--format", help="Format output using a Go template, or json")
    add(
        "--index",
        type=int,
        default=0,
        help="index of the container if service has multiple replicas.",
    )
    add("services", nargs="*")
    parser.usage = "[OPTIONS] [SERVICE...]"


def run(context: Context) -> int:
    """Print the containers of the services, all of the project without names; those that have ended as well."""
    from compose.ops.selection import is_one_off, number, order, project_containers
    from compose.render.inspected import inspected

    args = context.args
    name, _ = context.project_or_name()
    found = project_containers(
        context.engine, name, services=list(args.services), all=True, one_offs=True
    )
    if args.index:
        found = [info for info in found if number(info) == args.index and not is_one_off(info)]
    if not found and args.services:
        raise NotFound(f"no container found for service {', '.join(args.services)}")
    bodies = [context.engine.inspect(info.id) for info in sorted(found, key=order)]
    sys.stdout.write(inspected(args.format or "", bodies))
    return 0
