"""``pycompose swarm``: begin a Swarm, join one, leave it, see its nodes. Thin conveniences over the daemon's own calls."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from compose.cli.parser import REST, Parser
from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context

COMMANDS = {
    "init": "Make the daemon (DOCKER_HOST) the first manager of a new Swarm",
    "join": "Make the daemon a node of a Swarm",
    "join-token": "Print what another daemon needs to join, and the command for it",
    "leave": "Take the daemon out of its Swarm",
    "nodes": "List the nodes",
}


def add_arguments(parser: Parser) -> None:
    """The command and what belongs to it."""
    parser.interspersed = False
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:<{width}}{summary}" for name, summary in COMMANDS.items()]
    parser.usage = "COMMAND"
    parser.description = "\n".join(
        ["Manage the Swarm that --engine swarm speaks to", "", "Commands:", *lines]
    )
    parser.add_argument("words", nargs=REST)


def run(context: Context) -> int:
    """Hand over to the command."""
    from compose.cli.usage import verb_help

    words = context.args.words
    if not words:
        parser = Parser()
        add_arguments(parser)
        sys.stdout.write(verb_help("swarm", "", parser))
        return 0
    name = words[0]
    if name not in COMMANDS:
        raise UsageError(f"unknown command: swarm {name}", hint=f"there are: {', '.join(COMMANDS)}")
    module = import_module(f"compose.cli.swarm.{name.replace('-', '_')}")
    parser = Parser()
    module.add_arguments(parser)
    args = parser.parse(words[1:])
    if args.help:
        sys.stdout.write(verb_help(f"swarm {name}", COMMANDS[name], parser))
        return 0
    if context.options.dry_run and name != "nodes":
        raise UsageError(f"swarm {name} has no dry run")
    code: int = module.run(context, args)
    return code
