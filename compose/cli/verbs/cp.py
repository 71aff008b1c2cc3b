"""``pycompose cp``: files into containers and out of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``cp``."""
    parser.usage = "[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- SERVICE:DEST_PATH"
    parser.description = "Copy files/folders between a service container and the local filesystem"
    add = parser.add_argument
    add("--all", action="store_true", help="Include containers created by the run command")
    add("-a", "--archive", action="store_true", help="Archive mode (copy all uid/gid information)")
    add("-L", "--follow-link", action="store_true", help="Always follow symbol link in SRC_PATH")
    add(
        "--index",
        type=int,
        default=0,
        help="Index of the container if service has multiple replicas",
    )
    add("paths", nargs="*")


def run(context: Context) -> int:
    """Copy; progress goes to stderr, a tar stream ("-") to stdout."""
    from compose.ops.cp import copy, direction

    args = context.args
    if len(args.paths) != 2:
        raise UsageError(
            '"pycompose cp" requires exactly 2 arguments.', hint="see pycompose cp --help"
        )
    source, target = args.paths
    wanted = direction(
        source, target, replica=args.index, follow=args.follow_link, one_offs=args.all
    )
    if wanted.outward and wanted.target == "-" and os.isatty(1):
        raise UsageError(
            "refusing to write a tar stream to a terminal", hint="redirect it to a file"
        )
    dry_run = context.options.dry_run
    context.title = "Copying"
    copy(context.engine, context.project_name, wanted, context.reporter, dry_run=dry_run)
    context.progress_done()
    return 0
