"""``pycompose top``: the processes of each container."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.top import processes
from compose.render.processes import processes_of

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """``top`` has no flags of its own."""
    parser.add_argument("services", nargs="*")
    parser.usage = "[SERVICES...]"


def run(context: Context) -> int:
    """Print a table for each running container."""
    for info, found in processes(context.engine, context.project_name, list(context.args.services)):
        sys.stdout.write(processes_of(info, found))
    return 0
