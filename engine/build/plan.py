"""Stages → plans: which stages a target needs, what each begins with, what its steps are. Pure, but for the images asked for.

Stages are settled when something needs them: what the target does not reach is never looked at. ONBUILD triggers of base
images may reach further stages, so needs are known only when a stage has been walked.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from engine.build import checks, parse, stage
from engine.build import instructions as kinds
from engine.build.instructions import Dockerfile, Instruction, Place
from engine.build.lexer import DockerfileError
from engine.build.scope import global_args, platform_args, proxies
from engine.build.steps import SCRATCH, CopyStep, Origin, RunStep, StagePlan
from engine.build.walk import Given, Inherited, Walk
from engine.build.words import Lexicon
from engine.image import platform as platforms
from engine.image import reference
from engine.image.platform import Platform
from schemas.errors import EngineError, InvalidArgument
from schemas.typed import NamedTuple

SCRATCH_NAME = "scratch"


class Request(NamedTuple):
    """What a build asks of its Dockerfile."""

    target: str = ""
    args: Mapping[str, str] = {}
    labels: Mapping[str, str] = {}
    platform: Platform | None = None
    network: str = "default"
    named: frozenset[str] = frozenset()  # names of additional contexts
    no_cache: bool = False
    no_cache_filter: frozenset[str] = frozenset()
    epoch: str = ""  # RFC 3339


Resolve = Callable[
    [Origin], dict[str, Any]
]  # the image document of an image or named context; {} for a directory


class Planner:
    """Plans the stages of one Dockerfile. ``resolve`` may raise NotFound and what a registry has to say."""

    def __init__(
        self,
        file: Dockerfile,
        request: Request,
        *,
        resolve: Resolve,
        ignored: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._file = file
        self._request = request
        self._resolve = resolve
        self.findings = checks.Findings(file.directives.get("check", ""))
        self._plans: dict[int, StagePlan] = {}
        self._walks: dict[int, Walk] = {}
        self._lexicon = Lexicon(file.escape)
        build = platforms.native()
        self.platform = request.platform or build
        last = request.target or file.stages[-1].start.name
        predefined = platform_args(build, self.platform, last)
        self._globals = global_args(file.args, predefined, request.args, file.escape)
        self._given = Given(
            dict(request.args),
            self._globals,
            proxies(request.args),
            request.network,
            request.epoch,
            file.escape,
            self.findings,
            ignored,
            request.args.get("BUILDKIT_CACHE_MOUNT_NS", ""),
        )
        checks.of_text(file, self.findings)
        self._check_defaults(predefined)
        self._starts = [self._start(item.start) for item in file.stages]

    def target(self) -> int:
        """The number of the stage asked for; InvalidArgument when there is none of that name."""
        wanted = self._request.target
        if not wanted:
            return len(self._file.stages) - 1
        found = self._by_name(wanted, len(self._file.stages))
        if found is None and wanted.isdigit() and int(wanted) < len(self._file.stages):
            return int(wanted)
        if found is None:
            raise InvalidArgument(f'target stage "{wanted}" could not be found')
        return found

    def plans(self, *, everything: bool = False) -> list[StagePlan]:
        """The plans of the stages that the target needs (or of all), each after those it needs. DockerfileError."""
        target = self.target()
        for number in range(len(self._file.stages)) if everything else (target,):
            self._settle(number)
        self._label(target)
        return [self._plans[number] for number in sorted(self._plans)]

    def _label(self, target: int) -> None:
        if self._request.labels:
            plan = self._plans[target]
            config = copy.deepcopy(plan.config)
            config["config"]["Labels"] = {
                **(config["config"].get("Labels") or {}),
                **self._request.labels,
            }
            self._plans[target] = plan._replace(config=config)

    def _settle(self, number: int) -> None:
        if number in self._plans:
            return
        item = self._file.stages[number]
        start = self._starts[number]
        base, platform = self._base(number, start)
        inherited, triggers = self._inherited(base, start.place)
        needs: set[int] = set()

        def origin(name: str, place: Place) -> Origin:
            found = self._origin(name, number, place, platform)
            if found.kind == "stage":
                self._settle(found.stage)
                needs.add(found.stage)
            return found

        walk = Walk(
            self._given, inherited, name=self._shown(number), platform=platform, origin=origin
        )
        stage.go(walk, triggers, item.instructions, pulled=base.kind in ("image", "named"))
        if base.kind == "stage":
            needs.add(base.stage)
        self._walks[number] = walk
        document = walk.document
        document["os"], document["architecture"] = platform.os, platform.architecture
        if platform.variant:
            document["variant"] = platform.variant
        name = start.name or f"stage-{number}"
        self._plans[number] = StagePlan(
            number,
            self._shown(number),
            base,
            platform,
            tuple(walk.steps),
            document,
            len(inherited.config.get("history") or ()),
            frozenset(needs),
            self._request.no_cache or bool(self._request.no_cache_filter & {start.name, name}),
            walk.begin_title(item.start.place.text if base.kind in ("image", "named") else ""),
        )

    def _shown(self, number: int) -> str:
        """How progress names the stage: not at all when there is only one."""
        if len(self._file.stages) == 1:
            return ""
        return self._starts[number].name or f"stage-{number}"

    def _base(self, number: int, start: kinds.From) -> tuple[Origin, Platform]:
        if start.name in self._request.named:
            # A named context takes the place of the whole stage.
            return Origin("named", start.name), self._platform_of(start)
        platform = self._platform_of(start)
        earlier = self._by_name(start.base, number)
        if earlier is not None:
            self._settle(earlier)
            return Origin("stage", stage=earlier), self._plans[earlier].platform
        if start.base == SCRATCH_NAME:
            return SCRATCH, platform
        return self._outside(start.base, platform, start.place), platform

    def _platform_of(self, start: kinds.From) -> Platform:
        return platforms.parse(start.platform) if start.platform else self.platform

    def _inherited(self, base: Origin, place: Place) -> tuple[Inherited, list[Instruction]]:
        if base.kind == "stage":
            walk = self._walks[base.stage]
            document = copy.deepcopy(self._plans[base.stage].config)
            words = document["config"].pop("OnBuild", None) or []
            found = Inherited(document, dict(walk.env), tuple(walk.args), walk.workdir_set)
            return found, [parse.trigger(word, place) for word in words]
        if base.kind == "scratch":
            return Inherited({"config": {"WorkingDir": "/"}}), []
        try:
            document = copy.deepcopy(self._resolve(base))
        except DockerfileError:
            raise
        except EngineError as err:
            raise type(err)(err.message, hint=err.hint) from err
        document.pop("rootfs", None)
        for key in (
            "created",
            "container",
            "container_config",
            "docker_version",
            "moby.buildkit.cache.v0",
            "pycompose.build.cache.v1",
        ):
            document.pop(key, None)
        settings = document.setdefault("config", {}) or {}
        document["config"] = settings
        for key in ("Hostname", "Domainname", "Image"):
            settings.pop(key, None)
        words = settings.pop("OnBuild", None) or []
        return Inherited(document), [parse.trigger(word, place) for word in words]

    def _origin(self, name: str, number: int, place: Place, platform: Platform) -> Origin:
        if name in self._request.named:
            return Origin("named", name)
        if name == SCRATCH_NAME:
            return SCRATCH
        earlier = self._by_name(name, number)
        if earlier is None and name.isdigit():
            earlier = int(name)
            if earlier >= len(self._file.stages):
                raise InvalidArgument(f"invalid stage index {earlier}")
        later = earlier if earlier is not None else self._by_name(name, len(self._file.stages))
        if later is not None and later >= number:
            shown = self._starts[number].name or f"stage-{number}"
            raise InvalidArgument(
                f'cannot copy from stage "{name}", it needs to be defined before current stage "{shown}"'
            )
        if earlier is not None:
            return Origin("stage", stage=earlier)
        return self._outside(name, platform, place)

    def _outside(self, name: str, platform: Platform, place: Place) -> Origin:
        """An image, or the named context that stands in for it."""
        try:
            full = reference.normalise(name)
        except InvalidArgument as err:
            raise DockerfileError(
                f'failed to parse stage name "{name}": {err.message}', place.start, place.end
            ) from err
        familiar = reference.familiar(full)
        for candidate in (name, familiar, familiar.removesuffix(":latest")):
            if candidate in self._request.named:
                return Origin("named", candidate)
        return Origin("image", full, platform=platform)

    def _by_name(self, name: str, before: int) -> int | None:
        for number in range(before - 1, -1, -1):
            if self._starts[number].name == name.lower() and name:
                return number
        return None

    def _start(self, start: kinds.From) -> kinds.From:
        """A FROM with its arguments in place."""
        base = self._from_word(start.base, start)
        if not base:
            place = start.place
            raise DockerfileError(
                f"base name ({start.base}) should not be blank", place.start, place.end
            )
        platform = start.platform
        if platform:
            self._platform_checks(start)
            platform = self._from_word(platform, start)
            if not platform:
                place = start.place
                message = f"empty platform value from expression {start.platform}"
                raise DockerfileError(message, place.start, place.end)
        return start._replace(base=base, platform=platform)

    def _from_word(self, text: str, start: kinds.From) -> str:
        place = start.place
        try:
            found = self._lexicon.expand(text, self._globals)
        except InvalidArgument as err:
            raise DockerfileError(err.message, place.start, place.end) from err
        declared = {name for arg in self._file.args for name, _ in arg.args}
        checks.undeclared(found.unmatched, {*self._globals, *declared}, place, self.findings)
        return found.text

    def _platform_checks(self, start: kinds.From) -> None:
        found = self._lexicon.expand(start.platform, self._globals)
        alone = found.matched == {"TARGETPLATFORM"} and not found.unmatched
        if alone and found.text == self._globals["TARGETPLATFORM"]:
            self.findings.add(
                "RedundantTargetPlatform",
                f"Setting platform to predefined {start.platform} in FROM is redundant as this is the default behavior",
                start.place,
            )
        if found.matched or found.unmatched:
            return
        try:
            platform = platforms.parse(found.text)
        except InvalidArgument:
            return
        if platform.os in start.name or platform.architecture in start.name:
            return
        self.findings.add(
            "FromPlatformFlagConstDisallowed",
            f'FROM --platform flag should not use constant value "{found.text}"',
            start.place,
        )

    def _check_defaults(self, predefined: dict[str, str]) -> None:
        """Base names must make sense without any --build-arg, too."""
        try:
            values = global_args(self._file.args, predefined, {}, self._file.escape)
            for item in self._file.stages:
                name = self._lexicon.word(item.start.base, values)
                try:
                    reference.parse(name)
                except InvalidArgument:
                    self.findings.add(
                        "InvalidDefaultArgInFrom",
                        f"Default value for ARG {item.start.base} results in empty or invalid base image name",
                        item.start.place,
                    )
        except InvalidArgument:
            return  # said again, with its place, where it counts


def uses_context(plans: list[StagePlan]) -> bool:
    """Whether any step reads the main context."""
    for plan in plans:
        for step in plan.steps:
            if isinstance(step, CopyStep):
                if step.origin.kind == "context" and step.sources:
                    return True
            elif isinstance(step, RunStep) and any(
                item.origin.kind == "context" for item in step.mounts
            ):
                return True
    return False
