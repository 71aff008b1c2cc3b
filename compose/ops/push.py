"""Push the images that a project builds, with progress in Docker Compose's words."""

from __future__ import annotations

from collections.abc import Iterable

from compose.ops.together import run_together
from compose.project import Project
from schemas.engine import Engine, Sink
from schemas.errors import EngineError
from schemas.records import Progress
from schemas.typed import NamedTuple


class Parcel(NamedTuple):
    service: str
    reference: str


def parcels(project: Project, services: Iterable[str]) -> tuple[list[Parcel], list[Progress]]:
    """What is to be pushed, and what is to be said of services that build nothing or give it no name."""
    found = []
    said = []
    for name in services:
        body = project.services[name]
        if not body.get("image") or "build" not in body:
            said.append(Progress(name, "Skipped", "done"))
            continue
        names = [body["image"], *(body["build"].get("tags") or ())]
        found += [Parcel(name, reference) for reference in dict.fromkeys(names)]
    return found, said


def push_all(
    engine: Engine,
    found: list[Parcel],
    report: Sink,
    *,
    parallel: int = 0,
    ignore_failures: bool = False,
) -> list[tuple[Parcel, EngineError]]:
    """Push, ``parallel`` at a time (0: all); what could not be with ``ignore_failures``, else the first error is raised."""
    failed: list[tuple[Parcel, EngineError]] = []
    over = False

    def push(parcel: Parcel) -> None:
        subject = f"Pushing {parcel.reference}"

        def layer(progress: Progress) -> None:
            if progress.id and not over:
                report(progress._replace(id=f"{subject}: {progress.id}", parent=parcel.reference))

        try:
            engine.push(parcel.reference, sink=layer)
        except EngineError as error:
            if not ignore_failures:
                raise
            failed.append((parcel, error))

    try:
        run_together(push, found, limit=parallel)
    finally:
        over = True
    return failed
