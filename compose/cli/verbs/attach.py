"""``pycompose attach``: our terminal joined to a container's own streams."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from compose.cli import terminal
from compose.ops.selection import running_container
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``attach``."""
    add = parser.add_argument
    add("--detach-keys", help="Override the key sequence for detaching from a container.")
    add(
        "--index",
        type=int,
        default=0,
        help="index of the container if service has multiple replicas.",
    )
    add("--no-stdin", action="store_true", help="Do not attach STDIN")
    add(
        "--sig-proxy",
        action="store_true",
        default=True,
        help="Proxy all received signals to the process",
    )
    add("service")


def run(context: Context) -> int:
    """Join until the container ends (its exit code) or the detach keys are typed."""
    args = context.args
    if context.options.dry_run:
        raise UsageError("attach has no dry run")
    keys = terminal.parse_keys(args.detach_keys or terminal.DETACH_KEYS)
    engine = context.engine
    info = running_container(engine, context.project_name, args.service, args.index)
    if info.tty and not args.no_stdin and not os.isatty(0):
        raise UsageError("the input device is not a TTY")
    channel = engine.attach(info.id, stdin=not args.no_stdin)
    try:
        wiring = terminal.Wiring(
            stdin=-1 if args.no_stdin else 0, detach=keys, proxy=args.sig_proxy and not info.tty
        )
        return terminal.interact(channel, wiring)
    except terminal.Detached:
        sys.stderr.write("read escape sequence\n")
        return 1
    finally:
        channel.close()
