"""The protocol of an engine that schedules by itself: it is told of services, and decides where their containers run."""

from __future__ import annotations

from schemas.engine import LabelFilter, Stream
from schemas.records import NetworkInfo, VolumeInfo
from schemas.services import (
    Kind,
    NodeInfo,
    ServiceInfo,
    ServiceSpec,
    StoredInfo,
    StoredSpec,
    TaskInfo,
    TaskLine,
)
from schemas.specs import LogQuery, NetworkSpec
from schemas.typed import Protocol


class ServiceEngine(Protocol):
    """Calls are synchronous and may be made from several threads; they raise kinds of EngineError only."""

    name: str
    features: frozenset[str]

    def close(self) -> None: ...

    # services -----------------------------------------------------------------------------------
    def services(self, *, labels: LabelFilter | None = None) -> list[ServiceInfo]:
        """List services, by name."""

    def service(self, name: str) -> ServiceInfo:
        """By name or id; NotFound."""

    def create_service(self, spec: ServiceSpec) -> None:
        """Conflict when the name exists; NotFound for a network, secret or config. Returns before any task runs."""

    def update_service(self, spec: ServiceSpec) -> None:
        """Give the service of that name another spec; what that means for its tasks is the engine's to carry out."""

    def rollback_service(self, name: str) -> None:
        """Go back to the spec before; Conflict when there is none."""

    def remove_service(self, name: str) -> None:
        """Remove it; its tasks end afterwards. NotFound."""

    def check_service(self, spec: ServiceSpec) -> None:
        """Raise Unsupported or InvalidArgument for what this cluster does not honour; makes nothing."""

    def tasks(self, services: list[ServiceInfo]) -> list[TaskInfo]:
        """The tasks of these services, past ones that are still known too, newest first."""

    def remaining_tasks(self, service_ids: frozenset[str]) -> int:
        """How many tasks of these removed services there still are on nodes that can be reached."""

    def logs(self, service: str, query: LogQuery) -> Stream[TaskLine]:
        """What the tasks of a service write."""

    def nodes(self) -> list[NodeInfo]:
        """The nodes, by host name."""

    def resolve_digest(self, reference: str) -> str:
        """``reference`` with the digest that it has in its registry now. NotFound, Unauthorized, Unavailable."""

    # what services use --------------------------------------------------------------------------
    def stored(self, kind: Kind, *, labels: LabelFilter | None = None) -> list[StoredInfo]:
        """The secrets or configs, by name."""

    def create_stored(self, kind: Kind, spec: StoredSpec) -> None:
        """Conflict when the name exists."""

    def remove_stored(self, kind: Kind, name: str) -> None:
        """Conflict while a service uses it; NotFound."""

    def networks(self, *, labels: LabelFilter | None = None) -> list[NetworkInfo]: ...
    def network(self, name: str) -> NetworkInfo:
        """By name or id; NotFound."""

    def create_network(self, spec: NetworkSpec) -> NetworkInfo: ...
    def remove_network(self, name: str) -> None:
        """Conflict while tasks are attached; NotFound."""

    def volumes(self, *, labels: LabelFilter | None = None) -> list[VolumeInfo]:
        """The volumes of the node that is spoken to; every node has its own."""

    def remove_volume(self, name: str, *, force: bool = False) -> None: ...
