"""``pycompose build``: the images of services that have a build section."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from schemas.errors import UsageError

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.project import Project
    from compose.translate.build import Choices, Order

# Flags of Docker Compose that cannot be obeyed, each with the reason.
_REFUSED = {
    "builder": "there is one builder, pycompose's own",
    "provenance": "no attestations are made",
    "sbom": "no attestations are made",
}
_OBSOLETE = ("compress", "force_rm", "no_rm", "parallel")
_WITHOUT = ("", "false", "0")
_BUILDERS = ("", "default")


def add_arguments(parser: Parser) -> None:
    """The flags of ``build``."""
    add = parser.add_argument
    add("--build-arg", action="append", metavar="stringArray",
        help="Set build-time variables for services")  # fmt: skip
    add("--builder", default="", hidden=True, help="Set builder to use")
    add("--check", action="store_true", help="Check build configuration")
    add("--compress", action="store_true", hidden=True, help="DEPRECATED: no effect")
    add("--force-rm", action="store_true", hidden=True, help="DEPRECATED: no effect")
    add("-m", "--memory", default="", metavar="bytes", help="Set memory limit for the build steps")
    add("--no-cache", action="store_true", help="Do not use cache when building the image")
    add("--no-rm", action="store_true", hidden=True, help="DEPRECATED: no effect")
    add("--parallel", action="store_true", hidden=True, help="DEPRECATED: no effect")
    add("--print", action="store_true", help="Print equivalent bake file")
    add(
        "--progress", default="", help="Set type of progress output (auto, tty, plain, json, quiet)"
    )
    add("--provenance", default="", hidden=True, help="Add a provenance attestation")
    add("--pull", action="store_true",
        help="Always attempt to pull a newer version of the image")  # fmt: skip
    add("--push", action="store_true", help="Push service images")
    add("-q", "--quiet", action="store_true", help="Suppress the build output")
    add("--sbom", default="", hidden=True, help="Add a SBOM attestation")
    add("--ssh", default="", metavar="string",
        help="Set SSH authentications used when building service images. "
        "(use 'default' for using your default SSH Agent)")  # fmt: skip
    add("--with-dependencies", action="store_true",
        help="Also build dependencies (transitively)")  # fmt: skip
    add("services", nargs="*")


def run(context: Context) -> int:
    """Build; 17 when a build fails. ``--check``: 1 when a check finds something."""
    from compose.cli.building import build, ordered
    from compose.graph import image_references

    args = context.args
    _check(context)
    services = tuple(args.services)
    project = context.project(services, resolve_env=False)
    names = image_references(project, services, no_deps=not args.with_dependencies)
    wanted = ordered(context, project, names, _choices(context, project))
    if not wanted:
        sys.stderr.write("No services to build\n")
        return 0
    if args.print:
        from compose.emit.bake import bake

        sys.stdout.write(bake(wanted, push=args.push))
        return 0
    if args.check:
        return _lint(context, wanted)
    context.title = "Building"
    build(context, wanted, quiet=args.quiet)
    context.progress_done()
    return _push(context, project, [each.service for each in wanted]) if args.push else 0


def _check(context: Context) -> None:
    from compose.cli.options import PROGRESS
    from compose.render.text import warn

    args = context.args
    for name, reason in _REFUSED.items():
        value = getattr(args, name)
        if value not in (_BUILDERS if name == "builder" else _WITHOUT):
            raise UsageError(f"--{name} is not supported: {reason}")
    for name in _OBSOLETE:
        if getattr(args, name):
            warn(f"--{name.replace('_', '-')} has no effect: it is of builders that are no more")
    if args.progress:
        if args.progress not in PROGRESS:
            raise UsageError(f'unsupported --progress value "{args.progress}"')
        mode = "quiet" if args.progress == "none" else args.progress
        context.options = context.options._replace(progress=mode)


def _choices(context: Context, project: Project) -> Choices:
    from compose.text import parse_bytes
    from compose.translate.build import Choices

    args = context.args
    values = {}
    for word in args.build_arg:
        name, equals, value = word.partition("=")
        if equals:
            values[name] = value
        elif name in project.environment:  # a name alone takes the value that the command has
            values[name] = project.environment[name]
    try:
        memory = parse_bytes(args.memory) if args.memory else 0
    except ValueError as error:
        raise UsageError(f"invalid --memory {args.memory}: {error}") from None
    return Choices(values, args.no_cache, args.pull, args.ssh, memory)


def _lint(context: Context, wanted: list[Order]) -> int:
    found = 0
    for each in wanted:
        warnings = context.engine.check_build(each.spec)
        found += len(warnings)
        for item in warnings:
            sys.stdout.write(
                f"WARNING: {item.rule} ({each.service}) - {item.url}\n{item.message}\n{item.excerpt}\n\n"
            )
    words = f"{found} warning{'s' if found > 1 else ''} found" if found else "no warnings found"
    sys.stdout.write(f"Check complete, {words}.\n")
    return 1 if found else 0


def _push(context: Context, project: Project, services: list[str]) -> int:
    from compose.execute.parallelism import parallelism
    from compose.ops.push import parcels, push_all

    found, said = parcels(project, services)
    context.title = "Pushing"
    for progress in said:
        context.reporter(progress)
    if not context.options.dry_run:
        limit = parallelism(context.options.parallel, context.environ)
        push_all(context.engine, found, context.reporter, parallel=limit)
    return 0
