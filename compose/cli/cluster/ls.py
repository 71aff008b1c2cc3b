"""``ls`` on a cluster: the projects whose services it has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.cluster.changing import refuse_flags
from compose.cli.verbs import ls
from schemas import labels

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from schemas.services import ServiceInfo


def add_arguments(parser: Parser) -> None:
    """The flags of ``ls``."""
    ls.add_arguments(parser)


def run(context: Context) -> int:
    """Print the projects, and how many services each has."""
    from compose.render.listing import listing

    args = context.args
    refuse_flags(context, {"filter": "use -q and grep"})
    groups: dict[str, list[ServiceInfo]] = {}
    for info in context.cluster.services(labels={labels.STACK: ""}):
        groups.setdefault(info.labels[labels.STACK], []).append(info)
    if args.quiet:
        sys.stdout.write("".join(f"{name}\n" for name in sorted(groups)))
        return 0
    shown = [
        (name, f"services({len(group)})", group[0].labels.get(labels.CONFIG_FILES, ""))
        for name, group in sorted(groups.items())
    ]
    keys = ("Name", "Status", "ConfigFiles")
    records = [dict(zip(keys, row, strict=True)) for row in shown]
    sys.stdout.write(listing(args.format, ("NAME", "STATUS", "CONFIG FILES"), shown, records))
    return 0
