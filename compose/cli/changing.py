"""What verbs that change something have in common: the project they are about, and carrying out their plan."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

from compose.graph import Graph, of_labels, of_project
from compose.observed import Observed, observe
from compose.ops.selection import ALIVE
from compose.plan.actions import (
    CreateContainer,
    Plan,
    RemoveContainer,
    RenameContainer,
    StopContainer,
)
from compose.project import Project, has_providers
from schemas.records import Progress

if TYPE_CHECKING:
    from compose.cli.options import Context
    from compose.cli.parser import Parser
    from compose.ops.up import Prepared


def add_timeout(parser: Parser, help: str = "Specify a shutdown timeout in seconds") -> None:
    """The flag -t/--timeout."""
    parser.add_argument("-t", "--timeout", type=int, help=help)


def subject(
    context: Context, services: tuple[str, ...] = ()
) -> tuple[Project | None, Graph, Observed]:
    """The project as the files tell it, or (with only a name) as labels do; and what exists of it."""
    name, project = context.project_or_name(services)
    if project is None:
        observed = observe(context.engine, name)
        return None, of_labels(observed), observed
    graph = of_project(project)
    return project, graph, observe(context.engine, name, graph)


def carry_out(context: Context, plan: Plan, found: Prepared | None = None) -> None:
    """Do what the plan says, or only print it (--dry-run). Raises what execute does.

    ``found``: say of the containers that are there already that they are.
    """
    from compose.render.text import warn

    for text in (*(found.desired.warnings if found else ()), *plan.warnings):
        warn(text)
    if context.options.dry_run:
        print_plan(plan)
        return
    context.engine.recover()
    if found is not None:
        for progress in standing(found):
            context.reporter(progress)
    if not plan.steps:
        return
    from compose.execute.executor import execute
    from compose.execute.parallelism import parallelism

    limit = parallelism(context.options.parallel, context.environ)
    execute(context.engine, plan, report=context.reporter, parallel=limit)


def tell_providers(
    context: Context,
    project: Project | None,
    services: tuple[str, ...],
    command: Literal["down", "stop"],
) -> None:
    """Have the programs that provide services take them down, or stop them: those named, all without names. Failed."""
    if project is None or context.options.dry_run or not has_providers(project):
        return
    from compose.cli.places import where
    from compose.ops import providers
    from compose.ops.provided import part

    for provider in reversed(part(project, services, where(context), no_deps=True).providers):
        providers.run(provider, project.name, command, project.environment, context.reporter)


def standing(found: Prepared) -> list[Progress]:
    """What is said of containers that are there and stay."""
    changing = (CreateContainer, StopContainer, RemoveContainer, RenameContainer)
    touched = {
        step.action.subject for step in found.plan.steps if isinstance(step.action, changing)
    }
    return [
        Progress(f"Container {info.name}", "Running" if info.state in ALIVE else "Created", "done")
        for service in found.desired.services
        for info in found.observed.containers.get(service, ())
        if f"Container {info.name}" not in touched
    ]


def print_plan(plan: Plan) -> None:
    """Every step, what it waits for, and why it is there."""
    from compose.render.plan import plan_table

    sys.stdout.write(plan_table(plan))


def truth(context: Context, name: str) -> bool:
    """A COMPOSE_* variable as a switch."""
    return context.environ.get(name, "").lower() in ("1", "t", "true", "y", "yes")
