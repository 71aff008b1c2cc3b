"""Build caches that are kept elsewhere: in a registry, in a directory, inside images (``cache_from``, ``cache_to``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.reporting import Reporter
from engine.image.platform import Platform
from schemas.building import BuildSpec

if TYPE_CHECKING:
    from engine.build.caches.exports import Exports
    from engine.build.commit import Committer
    from engine.build.jobs import Outcome
    from engine.build.solver import Solver
    from engine.build.store import Entry

INLINE_ARGUMENT = "BUILDKIT_INLINE_CACHE"  # as people asked for it before cache_to


class Caches:
    """The caches of one build; most builds have none. InvalidArgument and Unsupported for places that make no sense."""

    def __init__(self, spec: BuildSpec, platform: Platform, reporter: Reporter) -> None:
        self._reporter = reporter
        self._sources = self._targets = None
        if spec.get("cache_from"):
            from engine.build.caches.imports import Imports

            self._sources = Imports(spec, platform, reporter)
        if spec.get("cache_to") or INLINE_ARGUMENT in (spec.get("args") or {}):
            from engine.build.caches.exports import wanted

            self._targets = wanted(spec)

    def close(self) -> None:
        """End connections."""
        if self._sources is not None:
            self._sources.close()

    def find(self, key: str, *, whole: bool) -> Entry | None:
        """The outcome that ``key`` leads to elsewhere, brought here."""
        return None if self._sources is None else self._sources.find(key, whole=whole)

    def collect(self, solver: Solver, outcome: Outcome, committer: Committer) -> Exports | None:
        """What is to be written of a build that has ended; None for nothing."""
        if not self._targets:
            return None
        from engine.build.caches.exports import Collected, Exports

        return Exports(self._targets, Collected(solver, outcome, committer), self._reporter)
