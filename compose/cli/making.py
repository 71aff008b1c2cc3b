"""Flags of the verbs that make containers (up, create, scale, run), and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compose.cli.changing import truth
from compose.cli.places import where
from compose.ops.faults import refuse
from compose.ops.images import check_pull
from compose.ops.up import Prepared, Wish, prepare
from compose.plan.options import Recreate, UpOptions
from compose.project import Project, has_providers
from schemas.errors import UsageError
from schemas.records import ImageInfo

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.ops.images import Need


def add_making_flags(parser: Parser, *, pull: str) -> None:
    """What ``up`` and ``create`` have in common. ``pull`` names the values of --pull."""
    add = parser.add_argument
    add("--build", action="store_true", help="Build images before starting containers")
    add("--force-recreate", action="store_true",
        help="Recreate containers even if their configuration and image haven't changed")  # fmt: skip
    add("--no-build", action="store_true", help="Don't build an image, even if it's policy")
    add("--no-recreate", action="store_true",
        help="If containers already exist, don't recreate them. Incompatible with --force-recreate.")  # fmt: skip
    add("--pull", default="policy", help=f"Pull image before running ({pull})")
    add("--quiet-build", action="store_true", hidden=True, help="Suppress the build output")
    add("--quiet-pull", action="store_true", help="Pull without printing progress information")
    add("--remove-orphans", action="store_true",
        help="Remove containers for services not defined in the Compose file")  # fmt: skip
    add("--scale", action="append", metavar="scale",
        help="Scale SERVICE to NUM instances. Overrides the scale setting in the Compose file if present.")  # fmt: skip
    add(
        "-y",
        "--yes",
        action="store_true",
        help='Assume "yes" as answer to all prompts and run non-interactively',
    )


def check_making_flags(context: Context, *, up: bool) -> None:
    """UsageError for flags that contradict each other; ``--pull build`` is not for ``up``."""
    args = context.args
    for one, other in (("build", "no_build"), ("force_recreate", "no_recreate")):
        if getattr(args, one) and getattr(args, other):
            raise UsageError(f"{_flag(one)} and {_flag(other)} are incompatible")
    if args.pull != "build" or up:
        check_pull(args.pull)


def parse_scale(words: list[str], *, specifier: bool = False) -> dict[str, int]:
    """SERVICE=NUM words; UsageError. ``specifier``: in the words of ``scale``."""
    found = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            if specifier:
                raise UsageError(f"invalid scale specifier: {word}")
            raise UsageError(f'invalid --scale option "{word}". Should be SERVICE=NUM')
        try:
            found[name] = int(text)
        except ValueError:
            raise UsageError(f'strconv.Atoi: parsing "{text}": invalid syntax') from None
        if found[name] < 0:
            raise UsageError(f"cannot scale service {name} to {found[name]}")
    return found


def up_options(context: Context, services: tuple[str, ...], *, start: bool) -> UpOptions:
    """What the flags ask of the plan."""
    args = context.args
    recreate: Recreate = (
        "force" if args.force_recreate else "never" if args.no_recreate else "diverged"
    )
    always = getattr(args, "always_recreate_deps", False)
    dependencies: Recreate = "force" if always else "never" if args.no_recreate else "diverged"
    return UpOptions(
        services=services,
        recreate=recreate,
        recreate_deps=dependencies if services else recreate,
        start=start,
        renew_anon_volumes=getattr(args, "renew_anon_volumes", False),
        remove_orphans=args.remove_orphans or truth(context, "COMPOSE_REMOVE_ORPHANS"),
        ignore_orphans=truth(context, "COMPOSE_IGNORE_ORPHANS"),
        timeout=getattr(args, "timeout", None),
    )


def prepared(context: Context, wish: Wish, options: UpOptions) -> Prepared:
    """The plan for a wish. Changed volumes are asked about: only their owner can say that data may go."""
    project, wish = with_providers(context, context.project(wish.services), wish)
    images = provided(context, project, wish)
    # In a dry run nothing is pulled, so images may be missing and are no fault.
    whole = not context.options.dry_run
    found = prepare(
        context.engine, project, wish, images, options, where(context), all_images=whole
    )
    from compose.plan.resources import changed_volumes

    changed = changed_volumes(found.desired, found.observed)
    replace = frozenset(name for name in changed if _may_lose(context, name))
    if not replace:
        return found
    options = options._replace(replace_volumes=replace)
    return prepare(context.engine, project, wish, images, options, where(context), all_images=whole)


def with_providers(
    context: Context, project: Project, wish: Wish, *, run: bool = True
) -> tuple[Project, Wish]:
    """The project with what other programs provide, and without their services; in a dry run they are not run."""
    if not has_providers(project):
        return project, wish
    from compose.ops.provided import bring_up, part
    from compose.ops.up import want
    from compose.render.text import warn

    parted = part(project, wish.services, where(context), no_deps=wish.no_deps)
    if parted.services is None:
        nothing = parted.project._replace(tree={**parted.project.tree, "services": {}})
        parted, wish = parted._replace(project=nothing), wish._replace(services=())
    else:
        wish = wish._replace(services=parted.services)
    if context.options.dry_run or not run:
        return parted.project, wish
    want(context.engine, parted.project, wish, {}, where(context), all_images=False)
    warnings: list[str] = []
    project = bring_up(project, parted, context.reporter, warnings)
    for text in warnings:
        warn(text)
    return project, wish


def provided(context: Context, project: Project, wish: Wish) -> dict[str, ImageInfo]:
    """The images of the wanted services, by reference; those that must be are pulled and built, after everything that can be
    refused without them has been. EngineError with the exit code of a failed pull or build."""
    import time

    from compose.graph import image_references
    from compose.ops.images import Building, absent, pulled_before, survey, to_build
    from compose.ops.up import want

    names = image_references(project, wish.services, no_deps=wish.no_deps)
    images, found = survey(context.engine, project, names, pull=wish.pull, now=time.time)
    building = Building(wish.build, wish.no_build, wish.pull)
    pulls = pulled_before(project, names, building, found)
    coming = to_build(project, names, building, images)
    if not pulls and not coming:
        return images
    want(context.engine, project, wish, images, where(context), all_images=False)
    if not context.options.dry_run:
        expected = {*images, *(need.reference for need in pulls), *(names[name] for name in coming)}
        refuse(absent(project, names, expected), where(context))
    if pulls:
        images = images | _pulled(context, pulls, quiet=wish.quiet_pull)
    builds = to_build(project, names, building, images)
    if not builds:
        return images
    from compose.cli.building import build, ordered
    from compose.translate.build import Choices

    wanted = ordered(context, project, builds, Choices(to_run=True))
    return images | build(context, wanted, quiet=wish.quiet_build)


def _pulled(context: Context, pulls: list[Need], *, quiet: bool) -> dict[str, ImageInfo]:
    from compose.execute.parallelism import parallelism
    from compose.ops.pull import pull_all, rehearse

    if context.options.dry_run:
        rehearse(pulls, context.reporter)
        return {}
    limit = parallelism(context.options.parallel, context.environ)
    return pull_all(
        context.engine, pulls, context.reporter, where(context), parallel=limit, quiet=quiet
    ).images


def _may_lose(context: Context, volume: str) -> bool:
    import sys

    if getattr(context.args, "yes", False):
        return True
    if context.options.dry_run or not sys.stdin.isatty():
        return False
    sys.stderr.write(
        f'Volume "{volume}" exists but doesn\'t match configuration in compose file. Recreate (data will be lost)? (y/N) '
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
