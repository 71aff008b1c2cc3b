"""``pycompose push``: the images that services build, to their registries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.records import Progress

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser


def add_arguments(parser: Parser) -> None:
    """The flags of ``push``."""
    add = parser.add_argument
    add("--ignore-push-failures", action="store_true",
        help="Push what it can and ignores images with push failures")  # fmt: skip
    add("--include-deps", action="store_true",
        help="Also push images of services declared as dependencies")  # fmt: skip
    add("-q", "--quiet", action="store_true", help="Push without printing progress information")
    add("services", nargs="*")


def run(context: Context) -> int:
    """Push what has a ``build`` section and a name."""
    from compose.execute.parallelism import parallelism
    from compose.graph import image_references
    from compose.ops.push import parcels, push_all

    args = context.args
    services = tuple(args.services)
    project = context.project(services, resolve_env=False)
    names = image_references(project, services, no_deps=not args.include_deps)
    found, said = parcels(project, names)
    context.title = "Pushing"
    report = (lambda progress: None) if args.quiet else context.reporter
    for progress in said:
        report(progress)
    if context.options.dry_run:
        for parcel in found:
            report(Progress(f"Pushing {parcel.reference}", "Pushed", "done"))
        return 0
    failed = push_all(
        context.engine,
        found,
        report,
        parallel=parallelism(context.options.parallel, context.environ),
        ignore_failures=args.ignore_push_failures,
    )
    context.progress_done()
    for parcel, error in failed:
        sys.stderr.write(f"Pushing {parcel.service}: {error.message}\n")
    return 0
