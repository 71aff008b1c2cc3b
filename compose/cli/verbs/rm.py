"""``pycompose rm``: remove containers that do not run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.changing import carry_out, subject
from compose.plan.actions import Plan, RemoveContainer
from compose.plan.options import RemoveOptions

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``rm``."""
    parser.description = (
        "Removes stopped service containers\n\n"
        "By default, anonymous volumes attached to containers will not be removed. You\n"
        'can override this with -v. To list all volumes, use "pycompose volumes".\n\n'
        "Any data which is not in a volume will be lost."
    )
    add = parser.add_argument
    add("-a", "--all", action="store_true", hidden=True, help="Deprecated - no effect")
    add("-f", "--force", action="store_true", help="Don't ask to confirm removal")
    add(
        "-s",
        "--stop",
        action="store_true",
        help="Stop the containers, if required, before removing",
    )
    add(
        "-v",
        "--volumes",
        action="store_true",
        help="Remove any anonymous volumes attached to containers",
    )
    add("services", nargs="*")


def run(context: Context) -> int:
    """Say which, ask, remove."""
    from compose.plan.lifecycle import remove_plan

    args = context.args
    services = tuple(args.services)
    _, graph, observed = subject(context, services)
    options = RemoveOptions(services=services, stop=args.stop, volumes=args.volumes)
    plan = remove_plan(graph, observed, options)
    if not plan:
        sys.stderr.write("No stopped containers\n")
        return 0
    if context.options.dry_run or _confirmed(plan, ask=not args.force):
        carry_out(context, plan)
    return 0


def _confirmed(plan: Plan, *, ask: bool) -> bool:
    names = [step.action.name for step in plan.steps if isinstance(step.action, RemoveContainer)]
    text = f"Going to remove {', '.join(names)}\n"
    if ask and sys.stdin.isatty():
        text += "Are you sure? [yN] "
    sys.stdout.write(text)
    sys.stdout.flush()
    return not ask or sys.stdin.readline().strip().lower() in ("y", "yes")
