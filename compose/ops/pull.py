"""Pull the images of services, several at a time, with progress in Docker Compose's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compose.ops.faults import Fault, Where, placed
from compose.ops.images import Need, needs_of
from compose.ops.together import run_together
from compose.project import Project
from schemas.engine import Engine, Sink
from schemas.errors import EngineError
from schemas.records import ImageInfo, Progress
from schemas.typed import NamedTuple

EXIT_CODE = 18  # of a command that fails because of a pull


class Pulled(NamedTuple):
    """``images`` by reference; ``failed``: what could not be pulled, each with the reason."""

    images: dict[str, ImageInfo]
    failed: list[tuple[Need, EngineError]]


def pull_all(
    engine: Engine,
    needs: Sequence[Need],
    report: Sink,
    where: Where,
    *,
    parallel: int = 0,
    quiet: bool = False,
    ignore_failures: bool = False,
) -> Pulled:
    """Pull every image, ``parallel`` at a time (0: all). EngineError with exit code 18 and the place in the file for the first
    that cannot be pulled, unless it can be built or ``ignore_failures``. ``quiet``: nothing is said of layers."""
    images: dict[str, ImageInfo] = {}
    failed: list[tuple[Need, EngineError]] = []
    over = False

    def say(progress: Progress) -> None:
        if not over:  # what goes on after an error is of no interest
            report(progress)

    def pull(need: Need) -> None:
        say(Progress(need.label, "Pulling", "working"))

        def layer(progress: Progress) -> None:
            if progress.id and not quiet:
                say(progress._replace(parent=need.label))

        try:
            image = engine.pull(need.reference, platform=need.platform, sink=layer)
        except EngineError as error:
            error.exit_code = EXIT_CODE
            reason = error.message
            error.message = placed(_fault(need, error), where)
            failed.append((need, error))
            if not need.buildable and not ignore_failures:
                # The reason is the command's last word, and is not said twice.
                say(Progress(need.label, "Error", "error"))
                raise
            state, word = ("warning", "Warning") if need.buildable else ("error", "Error")
            say(Progress(need.label, word, state, reason))  # type: ignore[arg-type]
        else:
            images[need.reference] = image
            say(Progress(need.label, "Pulled", "done"))

    try:
        run_together(pull, needs, limit=parallel)
    finally:
        over = True
    return Pulled(images, failed)


def _fault(need: Need, error: EngineError) -> Fault:
    named = need.reference in error.message
    return Fault(need.path, error.message if named else f"{need.reference}: {error.message}")


def rehearse(needs: Sequence[Need], report: Sink) -> None:
    """Say what would be pulled (--dry-run)."""
    for need in needs:
        report(Progress(need.label, "Pulling", "working"))
        report(Progress(need.label, "Pulled", "done"))


class Wanted(NamedTuple):
    """What ``pull`` is asked for: ``policy`` ("": that of each service) overrules."""

    policy: str = ""
    ignore_buildable: bool = False


def chosen(
    engine: Engine, project: Project, services: Iterable[str], wanted: Wanted
) -> tuple[list[Need], list[Progress]]:
    """The images to be pulled, and what is to be said of services that are left out (Docker Compose's rules)."""
    needs: dict[str, Need] = {}
    said = []
    for name in services:
        body = project.services[name]
        [need, *others] = needs_of(project, name)
        reason = _left_out(engine, body, need, wanted)
        if not reason and need.reference in needs:
            reason = f"Skipped - Image is already being pulled by {needs[need.reference].label}"
        if reason:
            said.append(Progress(name, reason, "done"))
        else:
            needs[need.reference] = need
        for other in others:
            needs.setdefault(other.reference, other)
    return list(needs.values()), said


def _left_out(engine: Engine, body: Mapping[str, Any], need: Need, wanted: Wanted) -> str:
    if not body.get("image"):
        return "Skipped - No image to be pulled"
    policy = wanted.policy or str(body.get("pull_policy") or "")
    if policy in ("never", "build"):
        return "Skipped"
    if policy in ("missing", "if_not_present"):
        # "latest" says that a newer one may be there, whatever the policy.
        latest = need.reference.rpartition("/")[2].partition(":")[2] in ("", "latest")
        if not latest and engine.image(need.reference) is not None:
            return "Skipped - Image is already present locally"
    if need.buildable and wanted.ignore_buildable:
        return "Skipped - Image can be built"
    return ""
