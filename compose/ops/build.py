"""Build the images of services: each after those it is made from, the others side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from compose.ops.faults import Fault, Where, refuse
from compose.ops.together import run_together
from compose.project import Project
from compose.translate.build import Choices, Order, order
from schemas.building import BuildEvent
from schemas.engine import Engine
from schemas.errors import BuildFailed, DependencyError, EngineError, InvalidArgument, Unsupported
from schemas.records import ImageInfo

EXIT_CODE = 17  # of a command that fails because of a build
Tell = Callable[[str, BuildEvent], None]  # service, what happened


def orders(
    project: Project, services: Iterable[str], choices: Choices, where: Where
) -> list[Order]:
    """What to build for those of ``services`` that have a build section, and for services their contexts name. Raises
    PycomposeError with a line for each key that cannot be honoured."""
    from compose.translate.refusal import KeyUnsupported

    found: dict[str, Order] = {}
    faults = []
    waiting = list(services)
    while waiting:
        name = waiting.pop(0)
        if name in found or "build" not in project.services[name]:
            continue
        try:
            found[name] = order(project, name, choices)
        except KeyUnsupported as error:
            faults.append(Fault(error.path, error.reason, error.hint or ""))
        else:
            waiting += found[name].needs
    refuse(faults, where)
    return list(found.values())


def waves(wanted: Sequence[Order]) -> list[list[Order]]:
    """The orders in groups, each made from images of the groups before. DependencyError for a cycle."""
    rest = list(wanted)
    found: list[list[Order]] = []
    while rest:
        names = {each.service for each in rest}
        ready = [each for each in rest if not names.intersection(each.needs)]
        if not ready:
            cycle = ", ".join(sorted(names))
            raise DependencyError(f"the images of {cycle} are made from each other")
        found.append(ready)
        rest = [each for each in rest if each not in ready]
    return found


def build_all(
    engine: Engine, wanted: Sequence[Order], tell: Tell, *, parallel: int = 0
) -> dict[str, ImageInfo]:
    """Build, ``parallel`` at a time (0: all); the images by reference. EngineError with exit code 17 for the first build that
    fails: where in the Dockerfile, and the last that its step said."""
    images: dict[str, ImageInfo] = {}
    lock = threading.Lock()
    over = False

    def build(each: Order) -> None:
        def sink(event: BuildEvent) -> None:
            with lock:
                if not over:  # what goes on after an error is of no interest
                    tell(each.service, event)

        try:
            images[each.reference] = engine.build(each.spec, sink=sink)
        except EngineError as error:
            raise _explained(each, error) from error

    try:
        for group in waves(wanted):
            run_together(build, group, limit=parallel)
    finally:
        with lock:
            over = True
    return images


def _explained(each: Order, error: EngineError) -> EngineError:
    """The failure as it is shown, the service's name in it."""
    message = f"target {each.service}: failed to solve: {error.message}"
    if isinstance(error, BuildFailed):
        parts = []
        if error.title:
            output = error.output.rstrip("\n")
            said = f"{output}\n" if output else ""
            parts.append(f"------\n > {titled(each.service, error.title)}:\n{said}------")
        if error.excerpt:
            parts.append(error.excerpt)
        error.message = "\n".join([*parts, message])
        error.args = (error.message,)
    elif isinstance(error, (Unsupported, InvalidArgument)):
        error.message = f"services.{each.service}.build: {error.message}"
    else:
        error.message = message
    error.exit_code = EXIT_CODE
    return error


def titled(service: str, title: str) -> str:
    """The title of a step with the service in its brackets: ``[web 2/4] RUN …``."""
    if title.startswith("["):
        return f"[{service} {title[1:]}"
    return f"[{service}] {title}"
