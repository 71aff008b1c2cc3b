"""Verbs that hold commands of their own (``image ls``, ``system df``): find the command, read its flags, hand over."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from compose.cli.parser import REST, Parser
from schemas.errors import UsageError
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compose.cli.options import Context


class Command(NamedTuple):
    """``module`` is its name in the group's package; ``changes``: not to be done in a dry run."""

    module: str
    summary: str
    changes: bool = True


class Group(NamedTuple):
    """``name``: the verb, whose commands are modules of ``compose.cli.<name>``."""

    name: str
    summary: str
    commands: Mapping[str, Command]
    aliases: Mapping[str, str] = {}


def add_arguments(parser: Parser, group: Group) -> None:
    """The command and what belongs to it."""
    parser.interspersed = False
    width = max(map(len, group.commands)) + 2
    lines = [f"  {name:<{width}}{command.summary}" for name, command in group.commands.items()]
    parser.usage = "COMMAND"
    parser.description = "\n".join([group.summary, "", "Commands:", *lines])
    parser.add_argument("words", nargs=REST)


def run(context: Context, group: Group) -> int:
    """Hand over to the command; UsageError when there is none of that name."""
    from compose.cli.usage import verb_help

    words = context.args.words
    if not words:
        parser = Parser()
        add_arguments(parser, group)
        sys.stdout.write(verb_help(group.name, "", parser))
        return 0
    name = group.aliases.get(words[0], words[0])
    command = group.commands.get(name)
    if command is None:
        raise UsageError(
            f"unknown command: {group.name} {words[0]}",
            hint=f"there are: {', '.join(group.commands)}",
        )
    module = import_module(f"compose.cli.{group.name}.{command.module}")
    parser = Parser()
    module.add_arguments(parser)
    args = parser.parse(words[1:])
    if args.help:
        sys.stdout.write(verb_help(f"{group.name} {name}", command.summary, parser))
        return 0
    if command.changes and context.options.dry_run:
        raise UsageError(f"{group.name} {name} has no dry run")
    code: int = module.run(context, args)
    return code
