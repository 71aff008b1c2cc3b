"""``pycompose check``: how far the engine honours what the files ask for."""

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
    add("--format", default="table", help="Format the output. Values: [table | json]")
    add("--strict", action="store_true", help="Exit with 1 unless everything is honoured")
    add("services", nargs="*")


def run(context: Context) -> int:
    """Print a grade for every attribute that the project uses; with ``--strict``, 1 when one is not honoured."""
    from compose.loader.select import with_services
    from compose.ops.check import grades
    from compose.render import grades as words

    args = context.args
    if args.format not in ("table", "json"):
        raise UsageError(f'format value "{args.format}" could not be parsed: parsing failed')
    services = tuple(args.services)
    project = with_services(context.project(services), services)
    found = grades(project, context.load_options, context.engine)
    if args.format == "json":
        sys.stdout.write(words.as_json(found, context.engine.name))
    else:
        sys.stdout.write(words.as_text(found))
    return 1 if args.strict and any(grade.grade != "honoured" for grade in found) else 0
