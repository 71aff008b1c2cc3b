"""How a step's failure is told to the person who wrote the Dockerfile."""

from __future__ import annotations

import os
from collections.abc import Callable

from engine.build.steps import Step
from schemas.errors import BuildFailed, EngineError

Excerpt = Callable[[int, int], str]  # the lines of the Dockerfile from one to another


def failed(
    step: Step,
    message: str,
    excerpt: Excerpt,
    *,
    output: bytes = b"",
    code: int = 1,
    hint: str | None = None,
) -> BuildFailed:
    """The failure with its lines of the Dockerfile."""
    place = step.place
    return BuildFailed(
        message,
        title=step.title,
        line=place.start,
        excerpt=excerpt(place.start, place.end) if place.start else "",
        output=output.decode("utf-8", "replace"),
        code=code,
        hint=hint,
    )


def explained(step: Step, err: EngineError | OSError, excerpt: Excerpt) -> BuildFailed:
    """What kept a step from being carried out; what is explained already stays as it is."""
    if isinstance(err, BuildFailed):
        return err
    if isinstance(err, EngineError):
        return failed(step, err.message, excerpt, hint=err.hint)
    about = f"{err.filename}: " if err.filename else ""
    words = os.strerror(err.errno) if err.errno else str(err)
    return failed(step, about + words, excerpt)
