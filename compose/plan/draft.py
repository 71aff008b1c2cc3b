"""A plan in the making: what the phases of an ``up`` tell each other, and the steps that several of them write.

The phases, in order: ``dependents``, ``supplies``, ``changes``, ``starts``. Each refers to earlier ones only, so the steps
could be done one by one; their edges say what may be done at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable

from compose.desired import Desired, container_spec, parents
from compose.observed import Observed
from compose.ops.selection import ALIVE
from compose.plan.actions import CreateContainer, RemoveContainer, StopContainer
from compose.plan.builder import Builder
from compose.plan.containers import Decision, names
from compose.plan.options import UpOptions
from schemas.records import ContainerInfo
from schemas.specs import ContainerSpec


class Draft:
    """Steps so far, and which of them something must wait for."""

    def __init__(
        self,
        desired: Desired,
        observed: Observed,
        options: UpOptions,
        decisions: dict[str, Decision],
    ) -> None:
        self.desired = desired
        self.options = options
        self.decisions = decisions  # in order of dependency
        self.steps = Builder()
        self.names = {name: names(desired, decision) for name, decision in decisions.items()}
        for service, found in observed.containers.items():
            self.names.setdefault(service, [info.name for info in found])
        self.barrier: list[int] = []  # removals of orphans: what they held is free after them
        self.networks: dict[str, int] = {}  # by name: the step that makes it
        self.volumes: dict[str, int] = {}
        self.stopped: dict[str, dict[str, int]] = {}  # dependents: service → container → its stop
        self.cut: dict[
            str, list[int]
        ] = {}  # container id → steps that took from it what others need
        self.gone: set[str] = set()  # ids of containers that are removed by then
        self.freed: dict[tuple[str, str], int] = {}  # (network, address) → the step that frees it
        self.ports: dict[tuple[int, str], list[int]] = {}  # host port → the steps that free it
        self.settled: dict[str, list[int]] = {}  # service → steps after which its names hold
        self.ready: dict[str, int] = {}  # container → the step after which it can be started

    def spec(self, service: str, number: int) -> ContainerSpec:
        """The spec of one container, the names of others as they will be."""
        return container_spec(self.desired, service, number, self.names)

    def needs(self, service: str, spec: ContainerSpec) -> list[int]:
        """The steps that must be done before a container can be made."""
        places = [(place["network"], place) for place in spec.get("endpoints") or ()]
        found = [self.networks.get(network) for network, _ in places]
        found += [
            self.freed.get((network, address))
            for network, place in places
            for address in (place.get("ipv4_address"), place.get("ipv6_address"))
            if address
        ]
        found += [
            self.volumes.get(mount.get("source") or "")
            for mount in spec.get("mounts") or ()
            if mount["type"] == "volume"
        ]
        after = [*self.barrier, *(id for id in found if id is not None)]
        for parent in parents(self.desired.services[service]):
            after += self.settled.get(parent, ())
        return after

    def create(
        self,
        service: str,
        spec: ContainerSpec,
        cause: str,
        after: Iterable[int],
        *,
        inherit: str = "",
        group: str = "",
    ) -> int:
        """Write the step that makes a container."""
        sources = tuple(
            self._source(source) for source in self.desired.services[service].volumes_from
        )
        return self.steps.add(CreateContainer(service, spec, inherit, sources), cause, after, group)

    def _source(self, source: str) -> str:
        """An entry of ``volumes_from`` as a container with ``:ro`` when it may not write."""
        if source.startswith("container:"):
            name, _, mode = source.removeprefix("container:").partition(":")
        else:
            service, _, mode = source.partition(":")
            known = self.names.get(service)
            name = (
                known[0]
                if known
                else self.desired.separator.join((self.desired.project, service, "1"))
            )
        return f"{name}:ro" if mode == "ro" else name

    def stop(
        self, service: str, info: ContainerInfo, cause: str, after: Iterable[int], group: str = ""
    ) -> list[int]:
        """Stop a container that runs; its host ports are free then. No step when it does not run."""
        if info.state not in ALIVE:
            return []
        action = StopContainer(service, info.name, self.options.timeout)
        id = self.steps.add(action, cause, after, group)
        for binding in info.ports:
            self.ports.setdefault((binding.host_port, binding.protocol), []).append(id)
        return [id]

    def remove(
        self,
        service: str,
        info: ContainerInfo,
        cause: str,
        after: Iterable[int] = (),
        *,
        group: str = "",
        volumes: bool = False,
    ) -> int:
        """Stop and remove a container; the last step. By force: somebody else may start it in between."""
        stopped = self.stop(service, info, cause, after, group) or after
        action = RemoveContainer(service, info.name, volumes=volumes, force=True)
        return self.steps.add(action, cause, stopped, group)

    def dependents_stopped(self, service: str) -> list[int]:
        """The stops of those that restart with the service."""
        return [
            id
            for dependent, stops in self.stopped.items()
            if any(
                each.restart and each.service == service
                for each in self.decisions[dependent].wanted.depends_on
            )
            for id in stops.values()
        ]
