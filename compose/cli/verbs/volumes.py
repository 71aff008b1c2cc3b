"""``pycompose volumes``: the project's volumes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.selection import check_services
from compose.ops.volumes import project_volumes

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``volumes``."""
    from compose.cli.verbs.ps import FORMAT_HELP

    add = parser.add_argument
    add("--format", default="table", help=FORMAT_HELP)
    add("-q", "--quiet", action="store_true", help="Only display volume names")
    add("names", nargs="*")
    parser.usage = "[OPTIONS] [SERVICE...]"


def run(context: Context) -> int:
    """Print the volumes, or those that containers of the named services use."""
    args = context.args
    name, project = context.project_or_name()
    if project is not None:
        check_services(args.names, project.services, project.disabled)
    found = project_volumes(context.engine, name, list(args.names))
    if args.quiet:
        sys.stdout.write("".join(f"{volume.name}\n" for volume in found))
        return 0
    from compose.render.template import render
    from compose.render.volumes import LAYOUT, fields

    sys.stdout.write(render(args.format, LAYOUT, [fields(volume) for volume in found]))
    return 0
