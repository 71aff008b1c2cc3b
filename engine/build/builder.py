"""Build an image: read the Dockerfile, plan, solve, commit. What happens in between is reported to the sink."""

from __future__ import annotations

import os
import threading
from typing import Any

from engine import images
from engine.build import parse, remote
from engine.build.agent import Agents
from engine.build.cachekey import Surroundings
from engine.build.carrying import Carrier
from engine.build.commit import Committer, document, record
from engine.build.lexer import DockerfileError
from engine.build.plan import Planner, Request
from engine.build.platforms import Platform, native, of_image, runs_here
from engine.build.platforms import parse as parse_platform
from engine.build.reading import Reader
from engine.build.runmounts import Preparer, Secret
from engine.build.running import HOSTNAME, Runner, Settings
from engine.build.solver import Canceled, Outcome, Solver
from engine.build.sources import Image, Sources
from engine.build.steps import RunStep, StagePlan
from engine.erase import erase
from engine.image import config as configs
from engine.image import reference
from engine.snapshot.store import STORE_LOCK
from engine.state import images as rows
from engine.state import locks
from schemas.building import BuildEvent, BuildSink, BuildSpec, BuildWarning
from schemas.errors import BuildFailed, Failed, InvalidArgument, NotFound, Unsupported
from schemas.records import ImageInfo, Progress

_CONTEXT_LINES = 3  # of the Dockerfile around the place of a fault
_NETWORKS = ("default", "none", "host")


def build(spec: BuildSpec, sink: BuildSink) -> ImageInfo:
    """Build the image and give it its tags. BuildFailed for what is wrong with the Dockerfile or one of its steps; what
    registries and files may raise."""
    one = _Build(spec, sink)
    try:
        with locks.shared(STORE_LOCK):
            return one.run()
    finally:
        one.close()


def check(spec: BuildSpec) -> list[BuildWarning]:
    """What build checks find in all stages (or those that the target needs); nothing is built. BuildFailed."""
    one = _Build(spec, lambda _: None)
    try:
        return one.check()
    finally:
        one.close()


class _Build:
    def __init__(self, spec: BuildSpec, sink: BuildSink) -> None:
        self._spec = spec
        self._reporter = Reporter(sink)
        self._temporary: list[str] = []
        self._bringing = threading.Lock()
        self._platform = _platform(spec)
        self._context = self._local_context(spec["context"])
        self._file, self._text = _dockerfile(spec, self._context)
        self._lines = self._text.splitlines()
        self._sources = Sources(
            self._context,
            self._file if "dockerfile_inline" not in spec else "",
            dict(spec.get("additional_contexts") or {}),
            fetch=self._fetch,
            bring=self._bring,
        )

    def close(self) -> None:
        for path in self._temporary:
            erase(path)

    # reading ------------------------------------------------------------------------------------

    def _local_context(self, where: str) -> str:
        return self._fetch(where) if remote.is_remote(where) else os.path.abspath(where)

    def _fetch(self, where: str) -> str:
        from engine.build import fetching

        found = remote.git(where)
        if found is not None:
            keep = found.keep_git_dir
            if keep is None:
                keep = (self._spec.get("args") or {}).get("BUILDKIT_CONTEXT_KEEP_GIT_DIR") == "1"
            return fetching.git(found, keep_git_dir=keep).path
        path = fetching.archive_context(where)
        self._temporary.append(path)
        return path

    def _bring(self, name: str, platform: Platform | None) -> images.ImageRecord:
        """An image: the one that is here, unless it is of another platform or the registry shall be asked."""
        with self._bringing:
            found = images.resolve(name)
            if found is not None and platform is not None and found.kind != "host":
                own = of_image(found.config)
                if own is not None and own.architecture != platform.architecture:
                    found = None
            ask = bool(self._spec.get("pull")) and not name.startswith("sha256:")
            if found is not None and (found.kind == "host" or not ask):
                return found
            return self._pull(name, platform)

    def _pull(self, name: str, platform: Platform | None) -> images.ImageRecord:
        from engine import transfers

        shown = reference.familiar(name)

        def told(progress: Progress) -> None:
            if progress.status == "done":
                words = f"{progress.id} {progress.text} {progress.detail}".strip()
                self._reporter.log(f"pull {shown}", f"{words}\n".encode())

        foreign = platform is not None and platform.architecture != native().architecture
        pulled = transfers.pull(name, platform=str(platform) if foreign else "", sink=told)
        return images.record(pulled.id)

    def _request(self) -> Request:
        spec = self._spec
        network = spec.get("network") or "default"
        if network not in _NETWORKS:
            raise Unsupported(
                f'network mode "{network}" is not supported by builds: there are {", ".join(_NETWORKS)}'
            )
        return Request(
            target=spec.get("target") or "",
            args=dict(spec.get("args") or {}),
            labels=dict(spec.get("labels") or {}),
            platform=self._platform,
            network=network,
            named=frozenset(spec.get("additional_contexts") or ()),
            no_cache=bool(spec.get("no_cache")),
            no_cache_filter=frozenset(spec.get("no_cache_filter") or ()),
            epoch=configs.rfc3339(float(self._epoch)) if self._epoch is not None else "",
        )

    @property
    def _epoch(self) -> int | None:
        text = (self._spec.get("args") or {}).get("SOURCE_DATE_EPOCH", "")
        if not text:
            return None
        if not text.isdigit():
            raise InvalidArgument(f"invalid SOURCE_DATE_EPOCH: {text}")
        return int(text)

    def _planned(self, *, everything: bool = False) -> tuple[Planner, list[StagePlan]]:
        try:
            planner = Planner(
                parse.parse(self._text),
                self._request(),
                resolve=self._sources.config,
                ignored=self._sources.ignored,
            )
            return planner, planner.plans(everything=everything)
        except DockerfileError as err:
            raise BuildFailed(
                f"dockerfile parse error on line {err.start}: {err.message}",
                line=err.start,
                excerpt=self._excerpt(err.start, err.end),
                hint=err.hint,
            ) from err

    def _excerpt(self, start: int, end: int) -> str:
        """The lines with some around them, those meant marked, as BuildKit shows them."""
        first = max(start - _CONTEXT_LINES, 1)
        last = min(end + _CONTEXT_LINES, len(self._lines))
        name = os.path.basename(self._file) or "Dockerfile"
        rows = [f"{name}:{start}", "-" * 20]
        for number in range(first, last + 1):
            mark = ">>>" if start <= number <= end else "   "
            rows.append(f"{number:>4} | {mark} {self._lines[number - 1]}".rstrip())
        return "\n".join([*rows, "-" * 20])

    def check(self) -> list[BuildWarning]:
        planner, _ = self._planned(everything=not self._spec.get("target"))
        return self._warnings(planner)

    def _warnings(self, planner: Planner) -> list[BuildWarning]:
        from engine.build.checks import RULES

        found = sorted(planner.findings.all, key=lambda item: (item.start, item.rule))
        return [
            BuildWarning(
                item.rule,
                RULES[item.rule].description,
                item.url,
                item.message,
                os.path.basename(self._file) or "Dockerfile",
                item.start,
                item.end,
                self._excerpt(item.start, item.end),
            )
            for item in found
        ]

    # building -----------------------------------------------------------------------------------

    def run(self) -> ImageInfo:
        planner, plans = self._planned()
        warnings = self._warnings(planner)
        if planner.findings.options.error and warnings:
            lines = "\n".join(
                f"{item.rule}: {item.message} (line {item.start})" for item in warnings
            )
            raise BuildFailed(f"lint violation found for rules:\n{lines}", line=warnings[0].start)
        target = next(plan for plan in plans if plan.number == planner.target())
        _check_runs(plans)
        runner = Runner(self._settings())
        agents = Agents(dict(self._spec.get("ssh") or {}))
        committer = Committer()
        try:
            solver = self._solver(plans, target, runner, agents, committer)
            try:
                outcome = self._solved(solver, plans, target)
            finally:
                committer.join()
            self._sources.save()
            image = self._commit(target, plans, outcome, committer)
        finally:
            agents.close()
            runner.close()
        for warning in warnings:
            words = f"{warning.rule}: {warning.message} (line {warning.start})"
            self._reporter.say("warning", words)
        return image

    def _settings(self) -> Settings:
        spec = self._spec
        granted = spec.get("entitlements") or []
        args = spec.get("args") or {}
        return Settings(
            extra_hosts=tuple(spec.get("extra_hosts") or ()),
            hostname=args.get("BUILDKIT_SANDBOX_HOSTNAME") or HOSTNAME,
            shm_size=spec.get("shm_size") or 0,
            ulimits=dict(spec.get("ulimits") or {}),
            limits=spec.get("limits") or {},
            cgroup_parent=spec.get("cgroup_parent") or "",
            insecure="security.insecure" in granted,
            host_network="network.host" in granted or spec.get("network") == "host",
        )

    def _solver(
        self,
        plans: list[StagePlan],
        target: StagePlan,
        runner: Runner,
        agents: Agents,
        committer: Committer,
    ) -> Solver:
        settings = self._settings()
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
        secrets = {
            item["id"]: Secret(item.get("file") or "", item.get("text"))
            for item in self._spec.get("secrets") or ()
        }

        def carrier(reader: Reader) -> Carrier:
            preparer = Preparer(reader, secrets, agents)
            self._temporary.append(preparer.directory)
            return Carrier(reader, runner, preparer, epoch=self._epoch, excerpt=self._excerpt)

        lineage = _lineage(target, plans)
        self._reporter.plans(plans)

        def finished(number: int, outcome: Outcome) -> None:
            # Layers of the image are written while its later steps still run.
            if number in lineage:
                _begin_layers(committer, outcome)

        return Solver(
            plans,
            self._sources,
            around,
            carrier=carrier,
            report=self._reporter.step,
            finished=finished,
        )

    def _solved(self, solver: Solver, plans: list[StagePlan], target: StagePlan) -> Outcome:
        try:
            return solver.stage(target.number)
        except BaseException as err:
            solver.cancel()
            solver.join()
            raise _first(err, solver) from err
        finally:
            self._sources.save()

    def _commit(
        self, target: StagePlan, plans: list[StagePlan], outcome: Outcome, committer: Committer
    ) -> ImageInfo:
        origin = _root(target, plans)
        kind, below = "layers", []
        if origin.base.kind != "scratch":
            found = self._sources.of(origin.base)
            if isinstance(found, Image):
                below = rows.layers(found.id)
                kind = "host" if found.stack.host else "layers"
        _begin_layers(committer, outcome)
        own = [committer.layer(snapshot) for snapshot in reversed(outcome.chain)]
        inherited = origin.inherited if origin.base.kind in ("image", "named") else 0
        body = document(
            target, [layer.diff_id for layer in below], own, outcome.times, inherited=inherited
        )
        names = [_tag(text) for text in self._spec.get("tags") or ()]
        id = record(body, [*below, *own], names, kind=kind)
        for name in names or [id]:
            self._reporter.say("image", f"naming to {name}" if names else f"writing image {id}")
        image = images.image(id)
        if image is None:
            raise Failed(f"image {id} was removed while it was built")
        return image


def _begin_layers(committer: Committer, outcome: Outcome) -> None:
    layers = outcome.stack.layers
    for index, snapshot in enumerate(outcome.chain):
        below = layers[index + 1] if index + 1 < len(layers) else None
        committer.begin(snapshot, below)


def _first(err: BaseException, solver: Solver) -> BaseException:
    """The failure that made the others be canceled."""
    if not isinstance(err, Canceled):
        return err
    for failure in solver.failures():
        if not isinstance(failure, Canceled):
            return failure
    return err


def _lineage(target: StagePlan, plans: list[StagePlan]) -> frozenset[int]:
    """The target and the stages it is built on."""
    by_number = {plan.number: plan for plan in plans}
    found = {target.number}
    plan = target
    while plan.base.kind == "stage":
        plan = by_number[plan.base.stage]
        found.add(plan.number)
    return frozenset(found)


def _root(target: StagePlan, plans: list[StagePlan]) -> StagePlan:
    by_number = {plan.number: plan for plan in plans}
    plan = target
    while plan.base.kind == "stage":
        plan = by_number[plan.base.stage]
    return plan


def _check_runs(plans: list[StagePlan]) -> None:
    """Programs of another platform run only where the kernel knows an emulator."""
    for plan in plans:
        if any(isinstance(step, RunStep) for step in plan.steps) and not runs_here(plan.platform):
            raise Unsupported(
                f"RUN in a stage for {plan.platform}: this machine is {native()}, and its kernel has no emulator for it",
                hint=f"register one with binfmt_misc (qemu-user-static), or build for {native()}",
            )


def _platform(spec: BuildSpec) -> Platform | None:
    wanted = [parse_platform(text) for text in spec.get("platforms") or ()]
    if len(set(wanted)) > 1:
        raise Unsupported(
            "build.platforms: one image for several platforms cannot be kept in this store yet",
            hint="build for one platform at a time",
        )
    return wanted[0] if wanted else None


def _dockerfile(spec: BuildSpec, context: str) -> tuple[str, str]:
    """(path, text) of the Dockerfile. NotFound in Docker's words."""
    inline = spec.get("dockerfile_inline")
    if inline is not None:
        return "Dockerfile", inline
    path = os.path.join(context, spec.get("dockerfile") or "Dockerfile")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    except FileNotFoundError:
        raise NotFound(
            f"failed to read dockerfile: open {os.path.basename(path)}: no such file or directory",
            hint=f"looked for {path}",
        ) from None
    except OSError as err:
        raise Failed(f"failed to read dockerfile: open {path}: {err.strerror}") from err
    if not text.strip():
        raise InvalidArgument(f"{path}: the Dockerfile cannot be empty")
    return path, text


def _tag(text: str) -> str:
    wanted = reference.parse(text)
    if wanted.digest:
        raise InvalidArgument(
            f"invalid tag {text}: refusing to create a tag with a digest reference"
        )
    return str(reference.with_default_tag(wanted))


class Reporter:
    """Numbers the steps of a build in the order they are first spoken of, and passes on what is said of them."""

    def __init__(self, sink: BuildSink) -> None:
        self._sink = sink
        self._numbers: dict[Any, int] = {}
        self._lock = threading.Lock()

    def plans(self, plans: list[StagePlan]) -> None:
        """Say what the stages begin with."""
        for plan in plans:
            if plan.title:
                self._send((plan.number, -1), "cached", plan.title)

    def step(
        self, plan: StagePlan, index: int, kind: Any, data: bytes = b"", *, seconds: float = 0.0
    ) -> None:
        self._send((plan.number, index), kind, plan.steps[index].title, data, seconds)

    def log(self, title: str, data: bytes) -> None:
        self._send(title, "log", title, data)

    def say(self, kind: Any, words: str) -> None:
        with self._lock:
            self._sink(BuildEvent(0, kind, data=words.encode()))

    def _send(
        self, key: Any, kind: Any, title: str, data: bytes = b"", seconds: float = 0.0
    ) -> None:
        with self._lock:
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            self._sink(BuildEvent(number, kind, title, data, seconds))
