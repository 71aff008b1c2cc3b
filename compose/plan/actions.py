"""The steps a plan is made of. Containers are named by name: a step may speak of one that an earlier step makes.

``str(plan)`` is the text that ``--dry-run`` and the planner's tests read: one line a step, with its cause.
"""

from __future__ import annotations

from compose.plan.service_actions import ServiceAction
from schemas.specs import ContainerSpec, NetworkSpec, VolumeSpec
from schemas.typed import NamedTuple


class CreateNetwork(NamedTuple):
    spec: NetworkSpec

    @property
    def subject(self) -> str:
        return f"Network {self.spec['name']}"


class RemoveNetwork(NamedTuple):
    name: str

    @property
    def subject(self) -> str:
        return f"Network {self.name}"


class CreateVolume(NamedTuple):
    spec: VolumeSpec

    @property
    def subject(self) -> str:
        return f"Volume {self.spec['name']}"


class RemoveVolume(NamedTuple):
    name: str

    @property
    def subject(self) -> str:
        return f"Volume {self.name}"


class RemoveImage(NamedTuple):
    reference: str

    @property
    def subject(self) -> str:
        return f"Image {self.reference}"


class CreateContainer(NamedTuple):
    """``inherit`` names the container whose anonymous volumes the new one takes over ("" for none); ``volumes_from``
    the containers whose volumes and binds it shares, each with ``:ro`` when it may not write."""

    service: str
    spec: ContainerSpec
    inherit: str = ""
    volumes_from: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return f"Container {self.spec['name']}"


class DisconnectContainer(NamedTuple):
    """Take a container off a network, so that the network or the address can be given to another."""

    service: str
    name: str
    network: str

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class StartContainer(NamedTuple):
    service: str
    name: str

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class StopContainer(NamedTuple):
    """``timeout`` in seconds; None: the container's own grace period."""

    service: str
    name: str
    timeout: float | None = None

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class RemoveContainer(NamedTuple):
    """``volumes``: its anonymous volumes, too. Running ones are removed only by ``force``."""

    service: str
    name: str
    volumes: bool = False
    force: bool = False

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class RenameContainer(NamedTuple):
    service: str
    name: str
    to: str

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class RestartContainer(NamedTuple):
    """Stop and start again, as one step. ``timeout`` as for StopContainer."""

    service: str
    name: str
    timeout: float | None = None

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class KillContainer(NamedTuple):
    service: str
    name: str
    signal: str = "SIGKILL"

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class PauseContainer(NamedTuple):
    service: str
    name: str

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class UnpauseContainer(NamedTuple):
    service: str
    name: str

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class RunHooks(NamedTuple):
    """Run the ``post_start`` hooks of a container that has just started, one after the other."""

    service: str
    name: str

    @property
    def subject(self) -> str:
        return f"Container {self.name}"


class RunPreStart(NamedTuple):
    """Run ``pre_start`` hook number ``hook`` of container ``name`` to its end, in a container called ``runner``."""

    service: str
    name: str
    hook: int
    runner: str

    @property
    def subject(self) -> str:
        return f"Container {self.runner}"


class WaitFor(NamedTuple):
    """Block until every one of ``names`` meets ``condition`` (service_started, service_healthy,
    service_completed_successfully). Not ``required``: a failure is a warning, and what waits goes on."""

    service: str
    names: tuple[str, ...]
    condition: str
    required: bool = True

    @property
    def subject(self) -> str:
        return f"Service {self.service}"


Action = (
    CreateNetwork
    | RemoveNetwork
    | CreateVolume
    | RemoveVolume
    | RemoveImage
    | CreateContainer
    | DisconnectContainer
    | StartContainer
    | StopContainer
    | RemoveContainer
    | RenameContainer
    | RestartContainer
    | KillContainer
    | PauseContainer
    | UnpauseContainer
    | RunHooks
    | RunPreStart
    | WaitFor
    | ServiceAction
)


class Step(NamedTuple):
    """One action, the steps that must be done before it, and why it is there. ``group`` holds what belongs together
    (the steps that replace one container)."""

    id: int
    action: Action
    after: tuple[int, ...]
    cause: str
    group: str = ""


class Plan(NamedTuple):
    """Steps in an order in which they could be done one by one."""

    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __str__(self) -> str:
        return "\n".join(map(_line, self.steps))


def _line(step: Step) -> str:
    after = f" after {','.join(map(str, step.after))}" if step.after else ""
    return f"{step.id:>3} {type(step.action).__name__} {step.action.subject.partition(' ')[2]}{after}: {step.cause}"
