"""The steps of a plan for an engine that schedules by itself: it is told of services, not of containers."""

from __future__ import annotations

from schemas.services import Kind, ServiceSpec, StoredSpec
from schemas.typed import NamedTuple


class CreateService(NamedTuple):
    service: str
    spec: ServiceSpec

    @property
    def subject(self) -> str:
        return f"Service {self.spec['name']}"


class UpdateService(NamedTuple):
    """Give a service another spec; the engine replaces its tasks as the spec says."""

    service: str
    spec: ServiceSpec

    @property
    def subject(self) -> str:
        return f"Service {self.spec['name']}"


class RollBackService(NamedTuple):
    service: str
    name: str

    @property
    def subject(self) -> str:
        return f"Service {self.name}"


class RemoveService(NamedTuple):
    """Remove a service and wait until its tasks have ended. ``id``: by it they are known afterwards."""

    service: str
    name: str
    id: str

    @property
    def subject(self) -> str:
        return f"Service {self.name}"


class WaitForService(NamedTuple):
    """Block until the service is what its spec says (``converged``), or until its tasks are done (``completed``)."""

    service: str
    name: str
    condition: str = "converged"
    required: bool = True
    rolled_back: bool = False  # going back is what was asked for

    @property
    def subject(self) -> str:
        return f"Service {self.name}"


class CreateStored(NamedTuple):
    kind: Kind
    spec: StoredSpec

    @property
    def words(self) -> str:
        return f"create {self.kind[:-1]}"

    @property
    def subject(self) -> str:
        return f"{self.kind[:-1].capitalize()} {self.spec['name']}"


class RemoveStored(NamedTuple):
    kind: Kind
    name: str

    @property
    def words(self) -> str:
        return f"remove {self.kind[:-1]}"

    @property
    def subject(self) -> str:
        return f"{self.kind[:-1].capitalize()} {self.name}"


ServiceAction = (
    CreateService
    | UpdateService
    | RollBackService
    | RemoveService
    | WaitForService
    | CreateStored
    | RemoveStored
)
