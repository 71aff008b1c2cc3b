"""``swarm join``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags, in docker's words."""
    add = parser.add_argument
    parser.usage = "[OPTIONS] HOST:PORT"
    add("--advertise-addr", default="", help="Advertised address (format: <ip|interface>[:port])")
    add("--listen-addr", default="", help="Listen address (default 0.0.0.0:2377)")
    add("--token", default="", help="Token for entry into the swarm")
    add("hosts", nargs="+")


def run(context: Context, args: Arguments) -> int:
    """Join through any of the managers named."""
    from compose.backends import open_swarm

    if not args.token:
        raise UsageError("swarm join needs --token (swarm join-token prints it)")
    swarm = open_swarm()
    try:
        found = swarm.join(
            args.hosts, args.token, advertise=args.advertise_addr, listen=args.listen_addr
        )
    finally:
        swarm.close()
    role = "manager" if found.manager else "worker"
    sys.stdout.write(f"This node joined a swarm as a {role}.\n")
    return 0
