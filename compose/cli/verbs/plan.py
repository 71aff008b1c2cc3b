"""``pycompose plan``: what ``up`` would do, why, and which fields differ. Changes nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.cli.changing import add_timeout
from compose.cli.making import check_making_flags, parse_scale, up_options, with_providers
from compose.cli.places import where
from compose.ops.up import Prepared, Wish, prepare
from schemas.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.ops.explain import Explained
    from compose.plan.options import UpOptions
    from compose.project import Project
    from schemas.records import ImageInfo

SOMETHING_TO_DO = 2


def add_arguments(parser: Parser) -> None:
    """The flags of ``plan``: those of ``up`` that decide what is done."""
    parser.usage = "[OPTIONS] [SERVICE...]"
    parser.description = "Exit code: 0 nothing to do, 2 something to do, anything else an error"
    add = parser.add_argument
    add("--always-recreate-deps", action="store_true",
        help="Recreate dependent containers. Incompatible with --no-recreate.")  # fmt: skip
    add("--build", action="store_true", help="Build images before starting containers")
    add("--force-recreate", action="store_true",
        help="Recreate containers even if their configuration and image haven't changed")  # fmt: skip
    add("--format", default="text", help="Format the output. Values: [text | json]")
    add("--no-build", action="store_true", help="Don't build an image, even if it's policy")
    add("--no-color", action="store_true", help="Produce monochrome output")
    add("--no-deps", action="store_true", help="Don't start linked services")
    add("--no-recreate", action="store_true",
        help="If containers already exist, don't recreate them. Incompatible with --force-recreate.")  # fmt: skip
    add("--no-start", action="store_true", help="Don't start the services after creating them")
    add("--pull", default="policy", help='Pull image before running ("always"|"missing"|"never")')
    add("--remove-orphans", action="store_true",
        help="Remove containers for services not defined in the Compose file")  # fmt: skip
    add("-V", "--renew-anon-volumes", action="store_true",
        help="Recreate anonymous volumes instead of retrieving data from the previous containers")  # fmt: skip
    add("--scale", action="append", metavar="scale",
        help="Scale SERVICE to NUM instances. Overrides the scale setting in the Compose file if present.")  # fmt: skip
    add_timeout(parser, "Use this timeout in seconds for container shutdown")
    add("-y", "--yes", action="store_true",
        help="Plan as if every volume whose definition has changed may be made anew (its data is lost)")  # fmt: skip
    add("services", nargs="*")


def run(context: Context) -> int:
    """Print the plan; 2 when there is something in it."""
    from compose.ops.explain import Explained, explain
    from compose.ops.supplies import supplies

    args = context.args
    if args.format not in ("text", "json"):
        raise UsageError(f'format value "{args.format}" could not be parsed: parsing failed')
    check_making_flags(context, up=True)
    services = tuple(args.services)
    wish = Wish(
        services=services,
        no_deps=args.no_deps,
        scale=parse_scale(args.scale),
        pull=args.pull,
        build=args.build,
        no_build=args.no_build,
        compatibility=context.options.compatibility,
    )
    project = context.project(services)
    if not project.services:
        raise UsageError("no service selected")
    project, wish = with_providers(context, project, wish, run=False)
    images, needed = supplies(context.engine, project, wish, where(context))
    options = up_options(context, services, start=not args.no_start)
    found = _prepared(context, project, wish, images, options)
    plan = found.plan._replace(warnings=(*found.desired.warnings, *found.plan.warnings))
    changes = explain(context.engine, plan, found.observed)
    return show(context, Explained(project.name, context.engine.name, plan, needed, changes))


def show(context: Context, explained: Explained) -> int:
    """Write it in the format asked for; the exit code."""
    from compose.render.colour import wanted
    from compose.render.plan import explained_json, explained_text
    from compose.render.text import warn

    args = context.args
    if args.format == "json":
        sys.stdout.write(explained_json(explained))
    else:
        for text in explained.plan.warnings:
            warn(text)
        colour = not args.no_color and wanted(context.options.ansi, context.environ, 1)
        sys.stdout.write(explained_text(explained, colour=colour))
    return SOMETHING_TO_DO if explained.work else 0


def _prepared(
    context: Context,
    project: Project,
    wish: Wish,
    images: Mapping[str, ImageInfo],
    options: UpOptions,
) -> Prepared:
    found = prepare(
        context.engine, project, wish, images, options, where(context), all_images=False
    )
    if not context.args.yes:
        return found
    from compose.plan.resources import changed_volumes

    replace = frozenset(changed_volumes(found.desired, found.observed))
    if not replace:
        return found
    options = options._replace(replace_volumes=replace)
    return prepare(context.engine, project, wish, images, options, where(context), all_images=False)
