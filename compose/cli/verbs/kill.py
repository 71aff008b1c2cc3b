"""``pycompose kill``: a signal for the project's running containers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, subject
from compose.ops.flat import kill_plan

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``kill``."""
    add = parser.add_argument
    add("--remove-orphans", action="store_true",
        help="Remove containers for services not defined in the Compose file")  # fmt: skip
    add("-s", "--signal", default="SIGKILL", help="SIGNAL to send to the container")
    add("services", nargs="*")


def run(context: Context) -> int:
    """Send it; that there is nobody to get it is no error."""
    args = context.args
    services = tuple(args.services)
    project, graph, observed = subject(context, services)
    known = None if project is None or args.remove_orphans else graph.services
    plan = kill_plan(observed, services, args.signal, known=known)
    if not plan and not context.options.dry_run:
        sys.stderr.write("no container to kill\n")
        return 0
    carry_out(context, plan)
    return 0
