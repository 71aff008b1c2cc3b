"""``pycompose login``: prove who we are to a registry, and keep it for later (where Docker keeps it)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

_STORED = """
WARNING! Your credentials are stored unencrypted in '{path}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

"""


def add_arguments(parser: Parser) -> None:
    """The flags of ``login``."""
    parser.usage = "[OPTIONS] [SERVER]"
    parser.description = (
        "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified."
    )
    add = parser.add_argument
    add("-p", "--password", help="Password or Personal Access Token (PAT)")
    add("--password-stdin", action="store_true",
        help="Take the Password or Personal Access Token (PAT) from stdin")  # fmt: skip
    add("-u", "--username", default="", help="Username")
    add("server", nargs="?")


def run(context: Context) -> int:
    """Log in; errors tell who refused it."""
    args = context.args
    server = args.server or ""
    if context.options.dry_run:
        raise UsageError("login has no dry run")
    username, password = _given(args.username, args.password, stdin=args.password_stdin)
    if not username and not password:
        kept = context.engine.account(server)
        if kept:
            sys.stdout.write(f"Authenticating with existing credentials... [Username: {kept}]\n")
            context.engine.login(server, "", "")
            sys.stdout.write("\nLogin Succeeded\n")
            return 0
    path = context.engine.login(
        server, username or _ask("Username"), password or _ask("Password", hidden=True)
    )
    if path:
        sys.stderr.write(_STORED.format(path=path))
    sys.stdout.write("Login Succeeded\n")
    return 0


def _given(username: str, password: str | None, *, stdin: bool) -> tuple[str, str]:
    """Name and password as far as the command line has them. UsageError."""
    if stdin:
        if password is not None:
            raise UsageError("--password and --password-stdin are mutually exclusive")
        if not username:
            raise UsageError("Must provide --username with --password-stdin")
        return username, sys.stdin.read().rstrip("\r\n")
    if password is not None:
        sys.stderr.write(
            "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n"
        )
        if not password.strip():
            raise UsageError("password is empty")
    return username, password or ""


def _ask(what: str, *, hidden: bool = False) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            "Cannot perform an interactive login from a non TTY device",
            hint="give --username and --password-stdin",
        )
    if hidden:
        from getpass import getpass

        answer = getpass(f"{what}: ")
    else:
        sys.stderr.write(f"{what}: ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip()
    if not answer:
        raise UsageError(f"{what.lower()} is required")
    return answer
