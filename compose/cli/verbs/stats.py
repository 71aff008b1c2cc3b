"""``pycompose stats``: what the containers use, once or as a live picture."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from compose.cli.endless import interruptible
from compose.ops.selection import newest_first, project_containers
from compose.ops.stats import sample, usage

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from schemas.records import ContainerInfo

_INTERVAL = 1.0  # seconds between two looks, over which processor use is counted


def add_arguments(parser: Parser) -> None:
    """The flags of ``stats``."""
    from compose.cli.verbs.ps import FORMAT_HELP

    add = parser.add_argument
    add("-a", "--all", action="store_true", help="Show all containers (default shows just running)")
    add("--format", help=FORMAT_HELP)
    add(
        "--no-stream",
        action="store_true",
        help="Disable streaming stats and only pull the first result",
    )
    add("--no-trunc", action="store_true", help="Do not truncate output")
    add("service", nargs="?")


def run(context: Context) -> int:
    """Print one picture, or pictures without end."""
    from compose.render.record import Record
    from compose.render.stats import CLEAR, LAYOUT, History, fields
    from compose.render.template import render

    interruptible()
    args = context.args
    name, _ = context.project_or_name()
    engine = context.engine

    def containers() -> list[ContainerInfo]:
        services = [args.service] if args.service else []
        return newest_first(
            project_containers(engine, name, services=services, all=args.all, one_offs=True)
        )

    live = not args.no_stream and not args.format and sys.stdout.isatty()
    # Graphs are for who looks on; what a program reads stays as Docker prints it.
    history = History(_INTERVAL, plain=not _has_blocks()) if live else None
    found = containers()
    before = sample(engine, found)
    while True:
        if before:
            time.sleep(_INTERVAL)
        after = sample(engine, found)
        now = usage(found, before, after)
        rows = [fields(each, whole=args.no_trunc) for each in now]
        if history is not None:
            history.add(now)
            rows = [Record(row | history.graphs(each)) for row, each in zip(rows, now, strict=True)]
        text = render(args.format or "table", history.layout if history else LAYOUT, rows)
        sys.stdout.write(text if args.no_stream else CLEAR + text)
        sys.stdout.flush()
        if args.no_stream:
            return 0
        if not after:
            time.sleep(_INTERVAL)
        found, before = containers(), after


def _has_blocks() -> bool:
    """Whether the terminal's encoding has the characters of a graph."""
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16")
