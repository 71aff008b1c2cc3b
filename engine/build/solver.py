"""Carry out plans: lazily (nothing is done for what is known), stages beside each other, each step once.

A stage begins at the last of its steps whose outcome is known by definition; what lies before that is not even looked at.
From there on each step is first looked for by content. Stages that the remaining steps read are begun at once, in threads
of their own, and waited for where they are read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from engine.build import cachekey, faults, store
from engine.build.cachekey import Surroundings
from engine.build.instructions import Place
from engine.build.jobs import Job, Outcome
from engine.build.reading import Reader
from engine.build.sources import Image, Sources
from engine.build.stack import Stack
from engine.build.steps import CopyStep, Origin, RunStep, StagePlan, Step
from engine.build.store import Draft, Entry
from engine.build.workshop import Workshop
from schemas.errors import EngineError, Failed
from schemas.typed import Protocol

Report = Callable[..., None]


class Elsewhere(Protocol):
    """Looks for the outcome of a key outside this machine: all its layers, or the top one."""

    def __call__(self, key: str, *, whole: bool) -> Entry | None: ...


_NOWHERE = Place(0, 0, "", "")


class Canceled(Failed):
    """Another stage has failed."""


class Solver:
    """Solves the stages of one build."""

    def __init__(
        self,
        plans: list[StagePlan],
        sources: Sources,
        around: Surroundings,
        *,
        workshop: Workshop,
        report: Report,
        finished: Callable[[int, Outcome], None] = lambda *_: None,
        elsewhere: Elsewhere = lambda key, whole: None,
    ) -> None:
        self._plans = {plan.number: plan for plan in plans}
        self._sources = sources
        self._around = around
        self._report = report
        self._finished = finished
        self._elsewhere = elsewhere
        self.reader = Reader(sources, lambda number: self.stage(number).stack)
        self._workshop = workshop
        self._jobs: dict[int, Job] = {}
        self._lock = threading.RLock()
        self._definitions: dict[int, list[str]] = {}
        self._stop = threading.Event()

    def stage(self, number: int) -> Outcome:
        """The outcome of a stage, waited for. Raises what its steps raise."""
        return self._begin(number).wait()

    def cancel(self) -> None:
        """End what runs and begin nothing more."""
        self._stop.set()
        self._workshop.stop()

    def failures(self) -> list[BaseException]:
        """What has failed, in no order."""
        return [job.error for job in list(self._jobs.values()) if job.error is not None]

    def join(self) -> None:
        """Wait until nothing runs any more."""
        for job in list(self._jobs.values()):
            job.join()

    # what is known before anything is done --------------------------------------------------------

    def definitions(self, number: int) -> list[str]:
        """The keys by definition of a stage's beginning and of each step."""
        with self._lock:
            if number not in self._definitions:
                self._definitions[number] = self._define(self._plans[number])
            return self._definitions[number]

    def _define(self, plan: StagePlan) -> list[str]:
        keys = [self._base_key(plan.base, str(plan.platform))]
        around = self._around._replace(platform=str(plan.platform))
        for step in plan.steps:
            keys.append(
                _laid(
                    keys[-1],
                    step,
                    cachekey.step(keys[-1], step, self._of(step, self._read), around),
                )
            )
        return keys

    def _base_key(self, origin: Origin, platform: str) -> str:
        if origin.kind == "stage":
            return self.definitions(origin.stage)[-1]
        if origin.kind == "scratch":
            return cachekey.base("scratch", "", platform)
        found = self._sources.of(origin)
        if isinstance(found, Image):
            return cachekey.base("image", found.id, platform)
        return cachekey.base("directory", self._directory_key(origin), platform)

    def _directory_key(self, origin: Origin) -> str:
        step = CopyStep("", _NOWHERE, origin, ("/",), (), "/")
        return " ".join(self.reader.copied(step))

    def _read(self, step: Step) -> list[str]:
        """What stands for the things a step reads: keys of stages and images, digests of directories and remote sources."""
        if isinstance(step, CopyStep):
            if self._layered(step.origin):
                return [self._base_key(step.origin, ""), *step.sources]
            return self.reader.copied(step)
        if isinstance(step, RunStep):
            found: list[str] = []
            for item in step.mounts:
                if item.mount.type != "bind":
                    continue
                if self._layered(item.origin):
                    found += [self._base_key(item.origin, ""), item.mount.source]
                else:
                    found += self.reader.mounted(step._replace(mounts=(item,)))
            return found
        return []

    def _layered(self, origin: Origin) -> bool:
        return self.reader.directory(origin) is None

    def entries(self) -> list[tuple[StagePlan, tuple[str, ...], Entry]]:
        """All that is known of the stages now: the keys that lead to each outcome."""
        found: dict[tuple[str, ...], tuple[StagePlan, tuple[str, ...], Entry]] = {}
        for number in sorted(self._plans):
            for key in self.definitions(number):
                entry = store.find(key)
                if entry is not None:
                    keys = tuple(dict.fromkeys(filter(None, (key, entry.content, entry.layer))))
                    found.setdefault(keys, (self._plans[number], keys, entry))
        return list(found.values())

    # stages -------------------------------------------------------------------------------------

    def _begin(self, number: int) -> Job:
        with self._lock:
            job = self._jobs.get(number)
            if job is None:
                job = self._jobs[number] = Job(
                    lambda: self._solve(self._plans[number]),
                    failed=self.cancel,  # who waits for another stage would only hear of it later
                )
                job.start()
            return job

    def _solve(self, plan: StagePlan) -> Outcome:
        keys = self.definitions(plan.number)
        known, entry = self._known(plan, keys)
        fresh = self._fresh(plan.number)
        for step in plan.steps[known:]:
            for needed in _needed(step):
                self._begin(needed)
        if entry is not None:
            outcome = self.restored(plan, entry)
            for index in range(known):
                self._report(plan, index, "cached")
        else:
            outcome = self._base(plan)
        self._finished(plan.number, outcome)
        for index in range(known, len(plan.steps)):
            self._check()
            outcome = self._step(plan, index, outcome, keys[index + 1], fresh=fresh)
            self._finished(plan.number, outcome)
        return outcome

    def _known(self, plan: StagePlan, keys: list[str]) -> tuple[int, Entry | None]:
        """How many steps need not be looked at, and the outcome of the last of them."""
        if self._fresh(plan.number):
            return 0, None
        trusted = 0
        for step in plan.steps:
            # What reads a stage that is made anew cannot be told by definition.
            if any(self._fresh(needed) for needed in _needed(step)):
                break
            trusted += 1
        for index in range(trusted, 0, -1):
            entry = self._find(keys[index], whole=True)
            if entry is not None:
                return index, entry
        return 0, None

    def _find(self, key: str, *, whole: bool) -> Entry | None:
        """What is known under a key, here or elsewhere."""
        entry = store.find(key)
        if entry is not None:
            store.touch(key)
            return entry
        return self._elsewhere(key, whole=whole)

    def _fresh(self, number: int) -> bool:
        plan = self._plans[number]
        if plan.no_cache:
            return True
        return plan.base.kind == "stage" and self._fresh(plan.base.stage)

    def _root(self, plan: StagePlan) -> Stack:
        """The layers of the image that the stage, or the one it is built on, begins with."""
        while plan.base.kind == "stage":
            plan = self._plans[plan.base.stage]
        if plan.base.kind == "scratch":
            return Stack()
        found = self._sources.of(plan.base)
        return found.stack if isinstance(found, Image) else Stack()

    def restored(self, plan: StagePlan, entry: Entry) -> Outcome:
        """The outcome that an entry of a stage stands for."""
        stack = self._root(plan)
        for snapshot in reversed(entry.chain):
            stack = stack.over(store.path(snapshot))
        return Outcome(stack, entry.content, entry.chain, tuple(entry.times))

    def _base(self, plan: StagePlan) -> Outcome:
        if plan.base.kind == "stage":
            return self.stage(plan.base.stage)
        key = self._base_key(plan.base, str(plan.platform))
        if plan.base.kind == "named" and self.reader.directory(plan.base) is not None:
            return self._directory_base(plan, key)
        return Outcome(self._root(plan), key)

    def _directory_base(self, plan: StagePlan, key: str) -> Outcome:
        """A stage that begins with a directory of files: that is a layer, too."""
        entry = self._find(key, whole=True)
        if entry is None:
            step = CopyStep("", _NOWHERE, plan.base, ("/",), (), "/")
            draft = Draft(None)
            try:
                carrier = self._workshop.carrier(self.reader)
                carrier.carry_out(step, Stack(), draft, lambda _: None)
                now = carrier.now()
                entry = Entry(key, (draft.keep(),), (now,), "directory")
            finally:
                draft.discard()
            store.remember((key,), entry)
        return self.restored(plan, entry)

    # steps --------------------------------------------------------------------------------------

    def _step(
        self, plan: StagePlan, index: int, outcome: Outcome, definition: str, *, fresh: bool
    ) -> Outcome:
        step = plan.steps[index]
        around = self._around._replace(platform=str(plan.platform))
        content = cachekey.step(outcome.content, step, self._of(step, self._contents), around)
        whole = _laid(outcome.content, step, content)
        if not fresh:
            entry = self._find(content, whole=False)
            if entry is not None:
                found = _on(outcome, whole, entry.chain[0], entry.times[-1])
                self._remember(step, found, definition, content)
                self._report(plan, index, "cached")
                return found
        began = time.monotonic()
        self._report(plan, index, "start")
        draft = Draft(
            outcome.stack.layers[0] if outcome.stack.layers and not _alone(step) else None
        )
        try:
            carrier = self._workshop.carrier(self.reader)
            carrier.carry_out(
                step, outcome.stack, draft, lambda data: self._report(plan, index, "log", data)
            )
            snapshot = draft.keep()
        except BaseException as err:
            seconds = time.monotonic() - began
            kind = "canceled" if self._stop.is_set() else "error"
            self._report(plan, index, kind, str(err).encode(), seconds=seconds)
            if self._stop.is_set():
                raise Canceled("canceled") from err
            raise
        finally:
            draft.discard()
        found = _on(outcome, whole, snapshot, carrier.now())
        self._remember(step, found, definition, content)
        self._report(plan, index, "done", seconds=time.monotonic() - began)
        return found

    def _remember(self, step: Step, found: Outcome, definition: str, content: str) -> None:
        """Let the keys of a step lead to its outcome."""
        alone = content if _alone(step) else ""
        entry = Entry(found.content, found.chain, found.times, step.title, alone)
        if alone:
            # A layer of its own is found again wherever it is laid.
            store.remember((alone,), entry._replace(chain=found.chain[:1]))
            store.remember((definition,), entry)
        else:
            store.remember((content, definition), entry)

    def _contents(self, step: Step) -> list[str]:
        if isinstance(step, CopyStep):
            return self.reader.copied(step)
        return self.reader.mounted(step) if isinstance(step, RunStep) else []

    def _of(self, step: Step, look: Callable[[Step], list[str]]) -> list[str]:
        """What a step reads; what cannot be read is a failure of the step."""
        try:
            return look(step)
        except Canceled:
            raise
        except (EngineError, OSError) as err:
            raise faults.explained(step, err, self._workshop.excerpt) from err

    def _check(self) -> None:
        if self._stop.is_set():
            raise Canceled("canceled")


def _on(outcome: Outcome, content: str, snapshot: str, created: float) -> Outcome:
    return Outcome(
        outcome.stack.over(store.path(snapshot)),
        content,
        (snapshot, *outcome.chain),
        (*outcome.times, created),
    )


def _alone(step: Step) -> bool:
    return isinstance(step, CopyStep) and step.link


def _laid(parent: str, step: Step, key: str) -> str:
    """The key of the stage with the step's layer on it."""
    return cachekey.on_top(parent, key) if _alone(step) else key


def _needed(step: Step) -> list[int]:
    """The stages that a step reads."""
    if isinstance(step, CopyStep):
        return [step.origin.stage] if step.origin.kind == "stage" else []
    if isinstance(step, RunStep):
        return [item.origin.stage for item in step.mounts if item.origin.kind == "stage"]
    return []
