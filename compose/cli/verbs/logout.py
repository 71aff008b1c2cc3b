"""``pycompose logout``: forget the credentials for a registry."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """``logout`` has no flags."""
    parser.usage = "[SERVER]"
    parser.description = "Log out from a registry.\nIf no server is specified, it is Docker Hub."
    parser.add_argument("server", nargs="?")


def run(context: Context) -> int:
    """Forget; nothing to forget is no error."""
    if context.options.dry_run:
        raise UsageError("logout has no dry run")
    server = context.args.server or "https://index.docker.io/v1/"
    sys.stdout.write(f"Removing login credentials for {server}\n")
    context.engine.logout(server)
    return 0
