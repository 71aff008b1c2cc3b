"""``pycompose exec``: a further process in a running container."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from compose.cli import terminal
from compose.ops.exec import ExecOptions, exec_in
from schemas.errors import StartFailed, UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Arguments, Parser

_NOT_FOUND, _NOT_STARTED = 127, 126  # as shells say it


def add_arguments(parser: Parser) -> None:
    """The flags of ``exec``."""
    parser.interspersed = False
    add = parser.add_argument
    add("-d", "--detach", action="store_true", help="Detached mode: Run command in the background")
    add("-e", "--env", action="append", help="Set environment variables")
    add(
        "--index",
        type=int,
        default=0,
        help="Index of the container if service has multiple replicas",
    )
    add(
        "-i",
        "--interactive",
        action="store_true",
        default=True,
        help="Keep STDIN open even if not attached",
        hidden=True,
    )
    add("-T", "--no-tty", action="store_true",
        help="Disable pseudo-TTY allocation. By default pycompose exec allocates a TTY.")  # fmt: skip
    parser.alias("--no-TTY", "--no-tty")
    add("--privileged", action="store_true", help="Give extended privileges to the process")
    add("-t", "--tty", action="store_true", help="Allocate a pseudo-TTY", hidden=True)
    add("-u", "--user", default="", help="Run the command as this user")
    add("-w", "--workdir", default="", help="Path to workdir directory for this command")
    add("service")
    add("command", nargs="+")
    parser.usage = "[OPTIONS] SERVICE COMMAND [ARGS...]"


def run(context: Context) -> int:
    """Run the command; its exit code, or 0 when it is left in the background."""
    args = context.args
    if context.options.dry_run:
        raise UsageError("exec has no dry run")
    tty = _wants_tty(args)
    rows, columns = terminal.size(1) if tty else (0, 0)
    options = ExecOptions(
        service=args.service,
        command=tuple(args.command),
        number=args.index,
        environment=tuple(args.env),
        user=args.user,
        working_dir=args.workdir,
        privileged=args.privileged,
        tty=tty,
        detach=args.detach,
        rows=rows,
        columns=columns,
    )
    try:
        channel = exec_in(context.engine, context.project_name, options, dict(context.environ))
    except StartFailed as err:
        err.exit_code = err.exit_code if err.exit_code == _NOT_FOUND else _NOT_STARTED
        raise
    try:
        if args.detach:
            return 0
        sys.stdout.flush()
        wiring = terminal.Wiring(
            stdin=0 if args.interactive else -1,
            detach=terminal.parse_keys(terminal.DETACH_KEYS),
        )
        return terminal.interact(channel, wiring)
    except terminal.Detached:
        sys.stderr.write("read escape sequence\n")
        return 1
    finally:
        channel.close()


def _wants_tty(args: Arguments) -> bool:
    """A terminal when ours is one, unless -T or -d; -t and -T=false insist on it."""
    if args.detach or (args.no_tty and "no_tty" in args.given):
        return False
    here = os.isatty(0) and os.isatty(1)
    if ("tty" in args.given and args.tty) or "no_tty" in args.given:
        if args.interactive and not os.isatty(0):
            raise UsageError("the input device is not a TTY")
        return True
    return here
