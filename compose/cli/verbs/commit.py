"""``pycompose commit``: an image of what a service container has changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``commit``."""
    add = parser.add_argument
    add(
        "-a",
        "--author",
        default="",
        help='Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
    )
    add("-c", "--change", action="append", help="Apply Dockerfile instruction to the created image")
    add(
        "--index",
        type=int,
        default=0,
        help="index of the container if service has multiple replicas.",
    )
    add("-m", "--message", default="", help="Commit message")
    add("-p", "--pause", action="store_true", default=True, help="Pause container during commit")
    add("service")
    add("reference", nargs="?")
    parser.usage = "[OPTIONS] SERVICE [REPOSITORY[:TAG]]"


def run(context: Context) -> int:
    """Make the image and print its id."""
    from compose.ops.selection import one_container
    from schemas.records import Progress

    args = context.args
    info = one_container(context.engine, context.project_name, args.service, args.index)
    context.title = "Committing"
    subject = f"Container {info.name}"
    context.reporter(Progress(subject, "Committing", "working"))
    if context.options.dry_run:
        context.reporter(Progress(subject, "Committed", "done"))
        context.progress_done()
        return 0
    id = context.engine.commit(
        info.id,
        args.reference or "",
        author=args.author,
        message=args.message,
        changes=list(args.change or ()),
        pause=args.pause,
    )
    context.reporter(Progress(subject, "Committed", "done"))
    context.progress_done()
    sys.stdout.write(f"{id}\n")
    return 0
