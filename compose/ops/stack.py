"""From a loaded project to the plan that brings it about on a cluster; everything that can be refused is refused here."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Literal

from compose.cluster import Observed, observe
from compose.graph import node, select
from compose.ops.explain import Changes
from compose.ops.faults import Fault, Where, refuse
from compose.ops.honoured import unhonoured
from compose.ops.preflight import missing_files
from compose.plan.actions import Plan
from compose.plan.services import StackOptions, same_image, stack_plan
from compose.project import Project
from compose.stack import Stack, stack
from compose.translate.refusal import KeyUnsupported
from schemas.errors import EngineError, InvalidArgument, Unsupported
from schemas.grades import Grades
from schemas.service_engine import ServiceEngine
from schemas.typed import NamedTuple

Resolve = Literal["always", "changed", "never"]
_AT_ONCE = 8  # images that are asked for at the same time


class Wish(NamedTuple):
    """What the command line asks for."""

    services: tuple[str, ...] = ()
    no_deps: bool = False
    scale: Mapping[str, int] = {}
    resolve: Resolve = "always"


class Prepared(NamedTuple):
    stack: Stack
    observed: Observed
    plan: Plan
    changes: Changes


def prepare(
    engine: ServiceEngine,
    project: Project,
    grades: Grades,
    wish: Wish,
    options: StackOptions,
    where: Where,
) -> Prepared:
    """The plan, with all that is to be warned of. PycomposeError with a line for each fault; EngineError."""
    nodes = {name: node(project.name, name, body) for name, body in project.services.items()}
    chosen = select(nodes, wish.services, no_deps=wish.no_deps)
    faults, warnings = unhonoured(project, chosen, grades)
    refuse(faults, where)
    refuse((fault for fault in missing_files(project, chosen) if fault.path[-1] == "file"), where)
    try:
        wanted = stack(
            project, read=_read, services=wish.services, no_deps=wish.no_deps, scale=wish.scale
        )
    except KeyUnsupported as error:
        refuse([Fault(error.path, error.reason, error.hint or "")], where)
        raise
    refuse(_refused(engine, wanted), where)
    observed = observe(engine, project.name, wanted)
    images, unknown = _images(engine, wanted, observed, wish.resolve)
    found = stack_plan(wanted, observed, images, options)
    plan = found.plan._replace(warnings=(*warnings, *found.plan.warnings, *unknown))
    return Prepared(wanted, observed, plan, found.changes)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _refused(engine: ServiceEngine, wanted: Stack) -> list[Fault]:
    """What this cluster is too old for, or finds wrong."""
    faults = []
    for name, service in wanted.services.items():
        try:
            engine.check_service(service.spec)
        except (Unsupported, InvalidArgument) as error:
            faults.append(Fault(("services", name), error.message, error.hint or ""))
    return faults


def _images(
    engine: ServiceEngine, wanted: Stack, observed: Observed, resolve: Resolve
) -> tuple[dict[str, str], list[str]]:
    """The images with the digests that they have in their registries now, by the file's reference; and a warning for each
    whose registry does not tell."""
    references = []
    for name, service in wanted.services.items():
        image, found = service.spec["image"], observed.services.get(name)
        same = found is not None and same_image(image, found.spec["image"])
        if resolve == "always" or (resolve == "changed" and not same):
            references.append(image)
    answers = _resolved(engine, references)
    warnings = [
        f"image {image}: its registry does not tell its digest, so every node takes what it has or finds under that name"
        f" ({_short(answer.message)})"
        for image, answer in answers.items()
        if isinstance(answer, EngineError)
    ]
    return {key: each for key, each in answers.items() if isinstance(each, str)}, warnings


def _short(text: str) -> str:
    """The last part of a chain of reasons."""
    return text.rpartition(": ")[2]


def _resolved(engine: ServiceEngine, references: Iterable[str]) -> dict[str, str | EngineError]:
    """Each reference once, several at a time."""
    left = [each for each in dict.fromkeys(references) if "@" not in each]
    answers: dict[str, str | EngineError] = dict.fromkeys(left, "")

    def work() -> None:
        while True:
            try:
                reference = left.pop()
            except IndexError:
                return
            try:
                answers[reference] = engine.resolve_digest(reference)
            except EngineError as error:
                answers[reference] = error

    threads = [threading.Thread(target=work) for _ in range(min(len(left), _AT_ONCE))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
