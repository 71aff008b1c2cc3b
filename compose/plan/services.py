"""``up`` on an engine that schedules by itself: services are compared spec with spec. Pure.

Every service that is made or changed is waited for, and those that depend on it come after that wait: the cluster itself
knows no order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compose.cluster import Observed
from compose.graph import order
from compose.plan.actions import CreateNetwork, Plan
from compose.plan.builder import Builder
from compose.plan.convergence import Verdict, judge
from compose.plan.fields import Change, differences
from compose.plan.service_actions import (
    CreateService,
    CreateStored,
    RemoveService,
    RemoveStored,
    UpdateService,
    WaitForService,
)
from compose.stack import KINDS, Stack, StackService
from schemas import labels
from schemas.errors import Conflict, NotFound
from schemas.services import ServiceInfo, ServiceSpec
from schemas.typed import NamedTuple

COMPLETED = "service_completed_successfully"
_ORPHANS = (
    "Found orphan services ([{}]) for this project. If you removed or renamed this service in your compose file, you can"
    " run this command with the --remove-orphans flag to clean it up."
)


class StackOptions(NamedTuple):
    """``services``: those that were named; ``force``: make every task of theirs anew."""

    services: tuple[str, ...] = ()
    force: bool = False
    remove_orphans: bool = False
    ignore_orphans: bool = False


class StackPlan(NamedTuple):
    """``changes``: the fields that differ, by step."""

    plan: Plan
    changes: dict[int, list[Change]]


def stack_plan(
    stack: Stack, observed: Observed, images: Mapping[str, str], options: StackOptions
) -> StackPlan:
    """Everything that makes ``observed`` what ``stack`` wants. ``images``: with their digests, by the file's reference.

    NotFound for an external network that is missing; Conflict for a network of that name that is somebody else's;
    DependencyError for a cycle.
    """
    return _Draft(stack, observed, images, options).plan()


class _Draft:
    def __init__(
        self, stack: Stack, observed: Observed, images: Mapping[str, str], options: StackOptions
    ) -> None:
        self.stack = stack
        self.observed = observed
        self.images = images
        self.options = options
        self.steps = Builder()
        self.changes: dict[int, list[Change]] = {}
        self.warnings: list[str] = []
        self.supplies: dict[
            str, int
        ] = {}  # name of a network, secret or config → the step that makes it
        self.waits: dict[
            tuple[str, str], int
        ] = {}  # (service, condition) → the step that waits for it
        self.changed: dict[str, int] = {}  # service → the step that makes or changes it

    def plan(self) -> StackPlan:
        sequence = order(self.stack.services)
        self._networks()
        self._files()
        specs = {name: self._spec(self.stack.services[name]) for name in sequence}
        for name in sequence:
            self._service(self.stack.services[name], specs[name])
        self._orphans()
        self._unused(specs)
        return StackPlan(self.steps.plan(self.warnings), self.changes)

    def _networks(self) -> None:
        for key, wanted in self.stack.networks.items():
            found = self.observed.networks.get(wanted.name)
            if found is None:
                if wanted.external:
                    raise NotFound(
                        f"network {wanted.name} declared as external, but could not be found"
                    )
                cause = f"network {key} does not exist"
                self.supplies[wanted.name] = self.steps.add(CreateNetwork(wanted.spec), cause)
            elif wanted.external:
                continue
            elif found.labels.get(labels.STACK) != self.stack.project:
                raise Conflict(
                    f"network {wanted.name} exists but is not of this project",
                    hint="set `external: true` to use an existing network",
                )
            elif found.labels.get(labels.CONFIG_HASH, wanted.hash) != wanted.hash:
                self.warnings.append(
                    f"network {wanted.name} has changed, but stays as it is: an overlay network cannot be changed while services"
                    " use it (down and up make it anew)"
                )

    def _files(self) -> None:
        for file in self.stack.files:
            known = self.observed.stored[file.kind]
            if file.spec is None or file.name in known:
                continue
            older = any(info.labels.get(labels.STORED) == file.key for info in known.values())
            cause = (
                f"content of {file.kind[:-1]} {file.key} changed"
                if older
                else f"{file.kind[:-1]} {file.key} does not exist"
            )
            self.supplies[file.name] = self.steps.add(CreateStored(file.kind, file.spec), cause)

    def _spec(self, service: StackService) -> ServiceSpec:
        """The spec with what is only known here: the image's digest, and what a running service keeps."""
        spec: ServiceSpec = {**service.spec}
        found = self.observed.services.get(service.name)
        spec["image"] = self.images.get(spec["image"], spec["image"])
        if found is not None:
            spec["name"] = found.name
            if same_image(spec["image"], found.spec["image"]):
                spec["image"] = found.spec["image"]
            forced = found.spec.get("force_update", 0)
            if self.options.force and self._named(service.name):
                forced += 1
            if forced:
                spec["force_update"] = forced
        return spec

    def _named(self, name: str) -> bool:
        return not self.options.services or name in self.options.services

    def _service(self, service: StackService, spec: ServiceSpec) -> None:
        found = self.observed.services.get(service.name)
        after = [self.supplies[name] for name in _used(spec) if name in self.supplies]
        if found is None:
            cause = f"service {service.name} does not exist"
            after += self._dependencies(service)
            self.changed[service.name] = self.steps.add(
                CreateService(service.name, spec), cause, after
            )
        else:
            if found.spec["mode"] != spec["mode"]:
                raise Conflict(
                    f"service {found.name} is {found.spec['mode']}: its mode cannot be changed to {spec['mode']}",
                    hint=f"remove it first: pycompose down {service.name}",
                )
            differing = differences(found.spec, spec)
            if not differing:
                self._settled(service, found)
                return
            after += self._dependencies(service)
            cause = _cause(service.name, found.spec, spec, differing)
            id = self.steps.add(UpdateService(service.name, spec), cause, after)
            self.changed[service.name] = id
            self.changes[id] = differing
        self._wait(service.name, "converged")

    def _settled(self, service: StackService, found: ServiceInfo) -> None:
        """A service that is as it should be is waited for when its tasks are not."""
        verdict = self._verdict(found, "converged")
        if verdict.outcome != "met":
            self._wait(service.name, "converged", verdict.text or "its tasks do not all run")

    def _verdict(self, found: ServiceInfo, condition: str) -> Verdict:
        tasks = self.observed.tasks.get(found.id, [])
        # To have gone back is no fault of a service that is what the files want.
        return judge(found, tasks, self.observed.nodes, condition=condition, rolled_back=True)

    def _dependencies(self, service: StackService) -> list[int]:
        found = []
        for dependency in service.depends_on:
            condition = "completed" if dependency.condition == COMPLETED else "converged"
            other = self.observed.services.get(dependency.service)
            unchanged = other is not None and dependency.service not in self.changed
            if other and unchanged and self._verdict(other, condition).outcome == "met":
                continue
            found.append(self._wait(dependency.service, condition, required=dependency.required))
        return found

    def _wait(self, name: str, condition: str, cause: str = "", *, required: bool = True) -> int:
        """The step after which a service meets a condition."""
        known = self.waits.get((name, condition))
        if known is not None:
            return known
        found = self.observed.services.get(name)
        action = WaitForService(
            name, found.name if found else f"{self.stack.project}_{name}", condition, required
        )
        after = [self.changed[name]] if name in self.changed else []
        cause = cause or (
            f"service {name} was changed" if after else f"others depend on service {name}"
        )
        id = self.waits[name, condition] = self.steps.add(action, cause, after)
        return id

    def _orphans(self) -> None:
        known = {*self.stack.services, *self.stack.disabled}
        orphans = {name: info for name, info in self.observed.services.items() if name not in known}
        if not orphans or self.options.ignore_orphans:
            return
        if not self.options.remove_orphans:
            names = " ".join(info.name for info in orphans.values())
            self.warnings.append(_ORPHANS.format(names))
            return
        for name, info in orphans.items():
            self.steps.add(
                RemoveService(name, info.name, info.id), f"service {name} is not in the files"
            )

    def _unused(self, specs: Mapping[str, ServiceSpec]) -> None:
        """Remove secrets and configs that nothing uses any more. What a service used before its last change stays until the next
        one: without it the service could not go back."""
        needed: set[str] = {file.name for file in self.stack.files}
        for name, info in self.observed.services.items():
            needed.update(_granted(info.spec))
            if info.previous is not None and name not in self.changed:
                needed.update(_granted(info.previous))
        last = [*self.waits.values(), *self.changed.values()]
        for kind in KINDS:
            for name, stored in self.observed.stored[kind].items():
                own = stored.labels.get(labels.STACK) == self.stack.project
                if own and name not in needed:
                    self.steps.add(RemoveStored(kind, name), "nothing uses it any more", last)


def same_image(wanted: str, found: str) -> bool:
    """Whether a reference says the same image as one that a service has: without a digest any is good."""
    name, _, digest = wanted.partition("@")
    other, _, known = found.partition("@")
    return _tagged(name) == _tagged(other) and (not digest or digest == known)


def _tagged(name: str) -> str:
    """A reference in full: its registry, repository and tag."""
    head, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif not ("." in head or ":" in head or head == "localhost"):
        name = f"docker.io/{name}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _used(spec: ServiceSpec) -> list[str]:
    return [*(each["network"] for each in spec.get("networks") or ()), *_granted(spec)]


def _granted(spec: ServiceSpec) -> list[str]:
    grants = [*(spec.get("secrets") or ()), *(spec.get("configs") or ())]
    return [grant["source"] for grant in grants]


def _cause(name: str, old: ServiceSpec, new: ServiceSpec, differing: Iterable[Change]) -> str:
    fields = list(
        dict.fromkeys(change.field.partition(".")[0].partition("[")[0] for change in differing)
    )
    if fields == ["replicas"]:
        return f"service {name} is scaled from {old.get('replicas')} to {new.get('replicas')}"
    if fields == ["force_update"]:
        return "recreation is forced"
    return f"specification changed: {', '.join(fields)}"
