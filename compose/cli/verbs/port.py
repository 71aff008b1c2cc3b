"""``pycompose port``: where a container's port is reachable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.ops.port import published
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``port``."""
    add = parser.add_argument
    add(
        "--index",
        type=int,
        default=0,
        help="Index of the container if service has multiple replicas",
    )
    add("--protocol", default="tcp", help="tcp or udp")
    add("service")
    add("private_port")
    parser.usage = "[OPTIONS] SERVICE PRIVATE_PORT"


def run(context: Context) -> int:
    """Print ``address:port``."""
    args = context.args
    text = args.private_port
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    binding = published(
        context.engine,
        context.project_name,
        args.service,
        int(text),
        protocol=args.protocol,
        index=args.index,
    )
    host = f"[{binding.host_ip}]" if ":" in binding.host_ip else binding.host_ip
    sys.stdout.write(f"{host}:{binding.host_port}\n")
    return 0
