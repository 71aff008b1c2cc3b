"""``pycompose pull``: the images of services, from their registries."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser

_POLICIES = ("", "missing", "always")


def add_arguments(parser: Parser) -> None:
    """The flags of ``pull``."""
    add = parser.add_argument
    add("--ignore-buildable", action="store_true", help="Ignore images that can be built")
    add("--ignore-pull-failures", action="store_true",
        help="Pull what it can and ignores images with pull failures")  # fmt: skip
    add("--include-deps", action="store_true", help="Also pull services declared as dependencies")
    add("--no-parallel", action="store_true", hidden=True,
        help="DEPRECATED disable parallel pulling")  # fmt: skip
    add("--parallel", action="store_true", hidden=True,
        help="DEPRECATED pull multiple images in parallel")  # fmt: skip
    add("--policy", default="", help='Apply pull policy ("missing"|"always")')
    add("-q", "--quiet", action="store_true", help="Pull without printing progress information")
    add("services", nargs="*")


def run(context: Context) -> int:
    """Pull; 18 when something could not be."""
    from compose.cli.places import where
    from compose.execute.parallelism import parallelism
    from compose.graph import image_references
    from compose.ops.pull import Wanted, chosen, pull_all, rehearse

    args = context.args
    if args.policy not in _POLICIES:
        raise UsageError(f'invalid --policy option "{args.policy}"')
    services = tuple(args.services)
    project = context.project(services, resolve_env=False)
    names = image_references(project, services, no_deps=not args.include_deps)
    wanted = Wanted(args.policy, args.ignore_buildable)
    needs, said = chosen(context.engine, project, names, wanted)
    context.title = "Pulling"
    report = (lambda progress: None) if args.quiet else context.reporter
    for progress in said:
        report(progress)
    if context.options.dry_run:
        rehearse(needs, report)
        return 0
    limit = 1 if args.no_parallel else parallelism(context.options.parallel, context.environ)
    pulled = pull_all(
        context.engine,
        needs,
        report,
        where(context),
        parallel=limit,
        ignore_failures=args.ignore_pull_failures,
    )
    context.progress_done()
    must_build = sorted(need.label for need, _ in pulled.failed if need.buildable)
    if must_build:
        sys.stderr.write(
            "WARNING: Some service image(s) must be built from source by running:\n"
            f"    pycompose build {' '.join(must_build)}\n"
        )
    if pulled.failed and not args.ignore_pull_failures:
        raise pulled.failed[0][1]
    return 0
