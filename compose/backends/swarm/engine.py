"""A Docker Swarm as a ServiceEngine, through one of its managers."""

from __future__ import annotations

import json
from typing import Any

from compose.backends.docker import networks, volumes
from compose.backends.docker.client import Client
from compose.backends.docker.wire import quote
from compose.backends.swarm import bodies, cluster, files, reading, registry, tasklogs
from schemas.engine import LabelFilter, Stream
from schemas.errors import Conflict, EngineError, NotFound
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


class SwarmEngine:
    """Every call goes to the manager that the environment names (DOCKER_HOST, contexts)."""

    name = "swarm"
    features: frozenset[str] = frozenset()

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()
        self._manager = False

    def close(self) -> None:
        self.client.close()

    # services -----------------------------------------------------------------------------------
    def services(self, *, labels: LabelFilter | None = None) -> list[ServiceInfo]:
        documents = self._documents(labels)
        names = self._network_names(*documents)
        found = [reading.service(each, names) for each in documents]
        return sorted(found, key=lambda info: info.name)

    def service(self, name: str) -> ServiceInfo:
        found = self._document(name)
        return reading.service(found, self._network_names(found))

    def create_service(self, spec: ServiceSpec) -> None:
        body = bodies.service(spec, self._ids(spec), self.client.version)
        self._send("/services/create", {}, body, spec["image"])

    def update_service(self, spec: ServiceSpec) -> None:
        found = self._document(spec["name"])
        body = bodies.service(spec, self._ids(spec), self.client.version)
        query = {"version": int(found["Version"]["Index"])}
        self._send(f"/services/{found['ID']}/update", query, body, spec["image"])

    def rollback_service(self, name: str) -> None:
        found = self._document(name)
        if not found.get("PreviousSpec"):
            raise Conflict(f"service {name} has no spec to go back to: it was never updated")
        query = {"version": int(found["Version"]["Index"]), "rollback": "previous"}
        image = found["PreviousSpec"]["TaskTemplate"]["ContainerSpec"]["Image"]
        self._send(f"/services/{found['ID']}/update", query, found["Spec"], image)

    def remove_service(self, name: str) -> None:
        self._managing()
        self.client.wire.delete(f"/services/{quote(name)}", what=f"remove service {name}")

    def check_service(self, spec: ServiceSpec) -> None:
        anything = bodies.Ids(
            {each["network"]: "" for each in spec.get("networks") or ()},
            {grant["source"]: "" for grant in spec.get("secrets") or ()},
            {grant["source"]: "" for grant in spec.get("configs") or ()},
        )
        bodies.service(spec, anything, self.client.version)

    def tasks(self, services: list[ServiceInfo]) -> list[TaskInfo]:
        if not services:
            return []
        query = None
        if len(services) == 1:  # what a wait asks for again and again
            owners = {services[0].id: self._document(services[0].id)}
            query = {"filters": json.dumps({"service": list(owners)})}
        else:
            wanted = {info.id for info in services}
            owners = {each["ID"]: each for each in self._documents(None) if each["ID"] in wanted}
        found = [
            reading.task(each, owners)
            for each in self.client.wire.get("/tasks", query) or ()
            if each["ServiceID"] in owners
        ]
        return sorted(found, key=lambda task: (-task.created, task.name))

    def remaining_tasks(self, service_ids: frozenset[str]) -> int:
        self._managing()
        away = {node.id for node in self.nodes() if node.state != "ready"}
        return sum(
            each["ServiceID"] in service_ids
            and bool(each.get("NodeID"))
            and each["NodeID"] not in away
            for each in self.client.wire.get("/tasks") or ()
        )

    def logs(self, service: str, query: LogQuery) -> Stream[TaskLine]:
        return tasklogs.logs(self.client, self._document(service), query)

    def nodes(self) -> list[NodeInfo]:
        self._managing()
        found = [reading.node(each) for each in self.client.wire.get("/nodes") or ()]
        return sorted(found, key=lambda node: node.hostname)

    def resolve_digest(self, reference: str) -> str:
        return registry.resolve(self.client, reference)

    # what services use --------------------------------------------------------------------------
    def stored(self, kind: Kind, *, labels: LabelFilter | None = None) -> list[StoredInfo]:
        self._managing()
        return files.select(self.client, kind, labels)

    def create_stored(self, kind: Kind, spec: StoredSpec) -> None:
        self._managing()
        files.create(self.client, kind, spec)

    def remove_stored(self, kind: Kind, name: str) -> None:
        files.remove(self.client, kind, name)

    def networks(self, *, labels: LabelFilter | None = None) -> list[NetworkInfo]:
        self._managing()
        return networks.select(self.client, labels)

    def network(self, name: str) -> NetworkInfo:
        return networks.get(self.client, name)

    def create_network(self, spec: NetworkSpec) -> NetworkInfo:
        self._managing()
        return networks.create(self.client, spec)

    def remove_network(self, name: str) -> None:
        try:
            self.client.wire.delete(f"/networks/{quote(name)}", what=f"remove network {name}")
        except EngineError as error:
            if "in use" in error.message or "active endpoints" in error.message:
                raise Conflict(error.message) from error
            if error.message.endswith("not found"):  # two managers of it, one of which was faster
                raise NotFound(error.message) from error
            raise

    def volumes(self, *, labels: LabelFilter | None = None) -> list[VolumeInfo]:
        return volumes.select(self.client, labels)

    def remove_volume(self, name: str, *, force: bool = False) -> None:
        volumes.remove(self.client, name, force=force)

    def _managing(self) -> None:
        """Unavailable unless the daemon manages a Swarm."""
        if not self._manager:
            cluster.require_manager(self.client)
            self._manager = True

    def _document(self, name: str) -> dict[str, Any]:
        self._managing()
        found: dict[str, Any] = self.client.wire.get(
            f"/services/{quote(name)}", what=f"service {name}"
        )
        return found

    def _documents(self, labels: LabelFilter | None) -> list[dict[str, Any]]:
        self._managing()
        query = {"filters": json.dumps({"label": files.words(labels)})} if labels else None
        return list(self.client.wire.get("/services", query) or ())

    def _network_names(self, *services: dict[str, Any]) -> dict[str, str]:
        """Names of networks by id; also of those that only services tell of: host, none and bridge have an id on the Swarm that
        no listing shows."""
        found = {each["Id"]: each["Name"] for each in self.client.wire.get("/networks") or ()}
        for service in services:
            for each in service["Spec"]["TaskTemplate"].get("Networks") or ():
                if each["Target"] not in found:
                    try:
                        network = self.client.wire.get(f"/networks/{quote(each['Target'])}")
                        found[each["Target"]] = network["Name"]
                    except NotFound:  # it was removed
                        found[each["Target"]] = each["Target"]
        return found

    def _ids(self, spec: ServiceSpec) -> bodies.Ids:
        """What the names in a spec stand for; NotFound."""
        self._managing()
        known = {name: id for id, name in self._network_names().items()}
        for network in spec.get("networks") or ():
            if network["network"] not in known:
                raise NotFound(f"network {network['network']} does not exist")
        return bodies.Ids(
            known,
            files.ids(self.client, "secrets", spec.get("secrets") or []),
            files.ids(self.client, "configs", spec.get("configs") or []),
        )

    def _send(self, path: str, query: dict[str, Any], body: dict[str, Any], image: str) -> None:
        """POST with the credentials that nodes need to pull the image."""
        header = registry.header(self.client, image)
        response = self.client.wire.stream(
            "POST",
            path,
            query,
            body,
            what=f"service {body['Name']}",
            headers={"X-Registry-Auth": header} if header else {},
        )
        try:
            response.all()
        finally:
            response.close()
