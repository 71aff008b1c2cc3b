"""Compose files → ``Project``."""

from __future__ import annotations

from compose.project import LoadOptions, Project
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from compose.loader.cache import Entry


def load_project(options: LoadOptions) -> Project:
    """Load the project that the options describe; a pure function of them and the files."""
    from compose.loader import cache

    known = cache.fetch(options)
    if known is not None:
        return known.project(options.environ)
    project, entry = _load(options)
    if entry is not None:
        entry.save()
    return project


def printed(
    options: LoadOptions, name: str, make: Callable[[Project], bytes]
) -> tuple[bytes, tuple[str, ...]]:
    """A text made of a project, and the project's warnings.

    ``make`` must be a pure function of the project's files, its tree and ``name``, under which the text is kept as long
    as the project itself. The project's environment is no part of that.
    """
    from compose.loader import cache

    entry = cache.fetch(options)
    if entry is None:
        project, entry = _load(options)
    else:
        text = entry.text(name)
        if text is not None:
            return text, entry.warnings
        project = entry.project(options.environ)
    text = make(project)
    if entry is not None:
        entry.put_text(name, text)
        entry.save()
    return text, project.warnings


def _load(options: LoadOptions) -> tuple[Project, Entry | None]:
    """A project, and the entry for it that may be kept."""
    import gc

    from compose.loader import cache
    from compose.loader.evidence import Evidence
    from compose.loader.load import load

    evidence = Evidence()
    collecting = gc.isenabled()
    gc.disable()  # a load makes no cycles, and looking for them takes a third of its time
    try:
        project = load(options, evidence)
    finally:
        if collecting:
            gc.enable()
    return project, cache.entry_of(options, evidence, project)
