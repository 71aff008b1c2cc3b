"""Build an image: read the Dockerfile, plan, solve, finish. What happens in between is reported to the sink."""

from __future__ import annotations

import os

from engine import paths
from engine.build import asked, dockerfile, finishing, parse
from engine.build.bringing import Bringer
from engine.build.cachekey import Surroundings
from engine.build.caches import Caches
from engine.build.commit import Committer
from engine.build.jobs import Outcome
from engine.build.lexer import DockerfileError
from engine.build.plan import Planner
from engine.build.reporting import Reporter
from engine.build.solver import Canceled, Solver
from engine.build.sources import Sources
from engine.build.steps import RunStep, StagePlan
from engine.build.workshop import Workshop
from engine.erase import erase
from engine.image.emulation import HINT, runs_here
from engine.image.platform import Platform, native
from engine.snapshot.store import STORE_LOCK
from engine.state import locks
from schemas.building import BuildSink, BuildSpec, BuildWarning
from schemas.errors import BuildFailed, Failed, Unsupported
from schemas.records import ImageInfo


def build(spec: BuildSpec, sink: BuildSink) -> ImageInfo:
    """Build the image and give it its tags. BuildFailed for what is wrong with the Dockerfile or one of its steps; what
    registries and files may raise."""
    wanted: list[Platform | None] = [*asked.platforms(spec)] or [None]
    if len(wanted) > 1 and any(each.get("type") != "inline" for each in spec.get("cache_to") or ()):
        raise Unsupported(
            "build.cache_to: the steps of several platforms are not kept in one cache",
            hint="use type=inline, or build for one platform at a time",
        )
    reporter = Reporter(sink)
    parts: list[_Build] = []
    try:
        # Held from the first context on that is fetched: nothing else says that it is in use.
        with locks.shared(STORE_LOCK):
            for platform in wanted:
                about = str(platform) if len(wanted) > 1 else ""
                parts.append(_Build(spec, reporter.of(about), platform))
            names = asked.names(spec)
            for part in parts:
                part.plan()  # what cannot be done for one platform is not begun for another
            if len(parts) == 1 and not asked.index(spec):
                return parts[0].run(names)
            return finishing.gather([part.run([]) for part in parts], names)
    except OSError as err:
        about = err.filename or paths.root()
        raise Failed(f"{about}: {os.strerror(err.errno or 0)}") from err
    finally:
        for part in parts:
            part.close()


def check(spec: BuildSpec) -> list[BuildWarning]:
    """What build checks find in all stages (or those that the target needs); nothing is built. BuildFailed."""
    wanted = asked.platforms(spec)
    with locks.shared(STORE_LOCK):
        one = _Build(spec, Reporter(lambda _: None), wanted[0] if wanted else None)
        try:
            return one.check()
        finally:
            one.close()


class _Build:
    """The build of one image for one platform."""

    def __init__(self, spec: BuildSpec, reporter: Reporter, platform: Platform | None) -> None:
        self._spec = spec
        self._reporter = reporter
        self._platform = platform
        self._plan: tuple[Planner, list[StagePlan]]
        self._epoch = asked.epoch(spec)
        self._caches = Caches(spec, platform or native(), reporter)
        self._bringer = Bringer(spec, reporter)
        context = self._bringer.context()
        self._file = dockerfile.read(spec, context)
        self._sources = Sources(
            context,
            self._file.path,
            dict(spec.get("additional_contexts") or {}),
            fetch=self._bringer.fetch,
            bring=self._bringer.image,
        )

    def close(self) -> None:
        """Remove what was only needed meanwhile."""
        self._caches.close()
        for path in self._bringer.temporary:
            erase(path)

    def check(self) -> list[BuildWarning]:
        """What the checks find."""
        planner, _ = self._planned(everything=not self._spec.get("target"))
        return self._warnings(planner)

    def plan(self) -> None:
        """Read the Dockerfile to its end, and see whether all of it can be done here."""
        planner, plans = self._plan = self._planned()
        warnings = self._warnings(planner)
        if planner.findings.options.error and warnings:
            lines = "\n".join(
                f"{item.rule}: {item.message} (line {item.start})" for item in warnings
            )
            raise BuildFailed(f"lint violation found for rules:\n{lines}", line=warnings[0].start)
        _check_runs(plans)

    def run(self, names: list[str]) -> ImageInfo:
        """Build what is planned, and give it the ``names``."""
        planner, plans = self._plan
        target = next(plan for plan in plans if plan.number == planner.target())
        workshop = Workshop(self._spec, self._file.excerpt)
        committer = Committer()
        try:
            solver = self._solver(plans, target, workshop, committer)
            try:
                outcome = self._solved(solver, target)
            finally:
                committer.join()
            made = finishing.draft(target, plans, outcome, committer, self._sources)
            caches = self._caches.collect(solver, outcome, committer)
            if caches is not None:
                caches.put(made)
            image = finishing.write(made, names)
            for name in names or [image.id]:
                words = f"naming to {name}" if names else f"writing image {name}"
                self._reporter.say("image", words)
            if caches is not None:
                caches.export()
        finally:
            workshop.close()
        for warning in self._warnings(planner):
            words = f"{warning.rule}: {warning.message} (line {warning.start})"
            self._reporter.say("warning", words)
        return image

    def _planned(self, *, everything: bool = False) -> tuple[Planner, list[StagePlan]]:
        try:
            planner = Planner(
                parse.parse(self._file.text, asked.args(self._spec).get("BUILDKIT_SYNTAX", "")),
                asked.request(self._spec, self._platform),
                resolve=self._sources.config,
                ignored=self._sources.ignored,
            )
            return planner, planner.plans(everything=everything)
        except DockerfileError as err:
            raise BuildFailed(
                f"dockerfile parse error on line {err.start}: {err.message}",
                line=err.start,
                excerpt=self._file.excerpt(err.start, err.end),
                hint=err.hint,
            ) from err

    def _warnings(self, planner: Planner) -> list[BuildWarning]:
        from engine.build.checks import RULES

        found = sorted(planner.findings.all, key=lambda item: (item.start, item.rule))
        return [
            BuildWarning(
                item.rule,
                RULES[item.rule].description,
                item.url,
                item.message,
                self._file.name,
                item.start,
                item.end,
                self._file.excerpt(item.start, item.end),
            )
            for item in found
        ]

    def _solver(
        self,
        plans: list[StagePlan],
        target: StagePlan,
        workshop: Workshop,
        committer: Committer,
    ) -> Solver:
        settings = asked.settings(self._spec)
        around = Surroundings(
            str(self._platform or native()),
            "" if self._epoch is None else str(self._epoch),
            {
                "hosts": list(settings.extra_hosts),
                "name": settings.hostname,
                "shm": settings.shm_size,
                "ulimits": settings.ulimits,
            },
        )
        lineage = {plan.number for plan in finishing.lineage(target, plans)}
        self._reporter.plans(plans)

        def finished(number: int, outcome: Outcome) -> None:
            # Layers of the image are written while its later steps still run.
            if number in lineage:
                finishing.begin_layers(committer, outcome)

        return Solver(
            plans,
            self._sources,
            around,
            workshop=workshop,
            report=self._reporter.step,
            finished=finished,
            elsewhere=self._caches.find,
        )

    def _solved(self, solver: Solver, target: StagePlan) -> Outcome:
        try:
            return solver.stage(target.number)
        except BaseException as err:
            solver.cancel()
            solver.join()
            raise _first(err, solver) from err
        finally:
            self._sources.save()


def _first(err: BaseException, solver: Solver) -> BaseException:
    """The failure that made the others be canceled."""
    if not isinstance(err, Canceled):
        return err
    for failure in solver.failures():
        if not isinstance(failure, Canceled):
            return failure
    return err


def _check_runs(plans: list[StagePlan]) -> None:
    """Programs of another platform run only where the kernel knows an emulator."""
    for plan in plans:
        if any(isinstance(step, RunStep) for step in plan.steps) and not runs_here(plan.platform):
            raise Unsupported(
                f"RUN in a stage for {plan.platform}: this machine is {native()}, and its kernel has no emulator for it",
                hint=f"{HINT}, or build for {native()}",
            )
