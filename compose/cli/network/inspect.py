"""``pycompose network inspect``: networks as ``docker network inspect`` shows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.inspecting import inspect

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``inspect``."""
    parser.usage = "[OPTIONS] NETWORK [NETWORK...]"
    add = parser.add_argument
    add("-f", "--format", help="Format output using a custom template: 'json' or a Go template")
    add("-v", "--verbose", action="store_true", help="Verbose output for diagnostics")
    add("network", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Print what is there; 1 when something is not."""
    from compose.render.inspected import inspected

    found, missing = inspect(context.engine.network_inspect, args.network)
    sys.stdout.write(inspected(args.format or "", found))
    sys.stdout.flush()
    sys.stderr.write("".join(f"{line}\n" for line in missing))
    return 1 if missing else 0
