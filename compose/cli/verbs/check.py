"""``pycompose check``: how far the engines honour what the files ask for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``check``."""
    parser.usage = "check [OPTIONS] [SERVICE...]"
    add = parser.add_argument
    add("--engine", action="append", help="Grade for this engine only (repeatable)")
    add("--format", default="table", help="Format the output. Values: [table | json]")
    add(
        "--strict",
        action="store_true",
        help="Exit with 1 unless everything is honoured by the engine that would run it,\nor by all that --engine names",
    )
    add("services", nargs="*")


def run(context: Context) -> int:
    """Print the engines' grades of every attribute that the project uses; with ``--strict``, 1 when one is not honoured.

    Without ``--engine`` all engines are shown, and ``--strict`` is about the default one.
    """
    from compose.backends import GRADED, grades_of
    from compose.loader.select import with_services
    from compose.ops.check import grades
    from compose.render import grades as words

    args, options = context.args, context.options
    if args.format not in ("table", "json"):
        raise UsageError(f'format value "{args.format}" could not be parsed: parsing failed')
    chosen = tuple(dict.fromkeys(args.engine)) or ((options.engine,) if options.chosen else ())
    engines = chosen or GRADED
    tables = [grades_of(name) for name in engines]
    services = tuple(args.services)
    project = with_services(context.project(services), services)
    found = grades(project, context.load_options, tables)
    if args.format == "json":
        sys.stdout.write(words.as_json(found, engines))
    else:
        sys.stdout.write(words.as_text(found, engines))
    if not args.strict:
        return 0
    asked = [engines.index(name) for name in chosen or (options.engine,)]
    short = any(grade.supports[index].level != "honoured" for grade in found for index in asked)
    return 1 if short else 0
