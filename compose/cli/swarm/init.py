"""``swarm init``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.swarm.join_token import told

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser


def add_arguments(parser: Parser) -> None:
    """The flags, in docker's words."""
    add = parser.add_argument
    add("--advertise-addr", default="", help="Advertised address (format: <ip|interface>[:port])")
    add("--data-path-addr", default="",
        help="Address or interface to use for data path traffic (format: <ip|interface>)")  # fmt: skip
    add("--default-addr-pool", action="append", help="Default address pool in CIDR format")
    add("--listen-addr", default="", help="Listen address (default 0.0.0.0:2377)")


def run(context: Context, args: Arguments) -> int:
    """Begin a Swarm; say how others join it."""
    from compose.backends import open_swarm

    swarm = open_swarm()
    try:
        node = swarm.init(
            advertise=args.advertise_addr,
            listen=args.listen_addr,
            pools=args.default_addr_pool,
            data_path=args.data_path_addr,
        )
        sys.stdout.write(f"Swarm initialized: current node ({node}) is now a manager.\n\n")
        sys.stdout.write(told(swarm, "worker"))
    finally:
        swarm.close()
    return 0
