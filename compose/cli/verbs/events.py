"""``pycompose events``: what happens to the project's containers, as it happens."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.endless import interruptible
from compose.cli.moment import parse
from compose.ops.events import events, parse_filters
from compose.render.events import as_json, line

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``events``."""
    add = parser.add_argument
    add("--filter", action="append",
        help="Filter output by event, service, container, image or label (KEY=VALUE)")  # fmt: skip
    add("--json", action="store_true", help="Output events as a stream of json objects")
    add("--since", help="Show all events created since timestamp")
    add("--until", help="Stream events until this timestamp")
    add("services", nargs="*")
    parser.usage = "[OPTIONS] [SERVICE...]"


def run(context: Context) -> int:
    """Print events until --until, or until interrupted."""
    interruptible()
    args = context.args
    since = parse(args.since, "since") if args.since else None
    until = parse(args.until, "until") if args.until else None
    stream = events(
        context.engine,
        context.project_name,
        list(args.services),
        since=since,
        until=until,
        filters=parse_filters(args.filter or []),
    )
    for event in stream:
        # Docker Compose leaves an empty line after each event for people.
        sys.stdout.write(f"{as_json(event)}\n" if args.json else f"{line(event)}\n\n")
        sys.stdout.flush()
    return 0
