"""What ``build`` and the verbs that build on their way have in common."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from compose.project import Project
from compose.translate.build import Choices, Order
from schemas.records import ImageInfo, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from compose.cli.options import Context


def ordered(
    context: Context, project: Project, services: Iterable[str], choices: Choices
) -> list[Order]:
    """What is to be built for ``services``; what has no effect is warned of. PycomposeError for keys that are refused."""
    from compose.cli.places import where
    from compose.ops.build import orders, waves
    from compose.render.text import warn

    found = orders(project, services, choices, where(context))
    waves(found)
    for text in (text for each in found for text in each.warnings):
        warn(text)
    return found


def build(context: Context, wanted: list[Order], *, quiet: bool = False) -> dict[str, ImageInfo]:
    """Build and tell of it; in a dry run only tell. The images by reference. EngineError with the exit code of a build."""
    from compose.execute.parallelism import parallelism
    from compose.ops.build import build_all
    from compose.render.building import teller

    report = context.reporter
    if context.options.dry_run:
        for each in wanted:
            report(Progress(f"Image {each.reference}", "Building", "working"))
            report(Progress(f"Image {each.reference}", "Built", "done"))
        return {}
    limit = parallelism(context.options.parallel, context.environ)
    images = build_all(
        context.engine, wanted, teller(report, sys.stderr, quiet=quiet), parallel=limit
    )
    if not quiet:
        for each in wanted:
            report(Progress(f"Image {each.reference}", "Built", "done"))
    return images
