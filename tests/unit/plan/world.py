"""A world of values that steps change: what an engine would have afterwards, with its refusals. For testing plans."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from compose.desired import Desired, desire
from compose.observed import Observed, arrange
from compose.plan.actions import (
    Action,
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    DisconnectContainer,
    Plan,
    RemoveContainer,
    RemoveNetwork,
    RemoveVolume,
    RenameContainer,
    RestartContainer,
    StartContainer,
    StopContainer,
    WaitFor,
)
from compose.plan.options import UpOptions
from compose.plan.planner import up_plan
from schemas import labels
from schemas.records import (
    Attachment,
    ContainerInfo,
    ImageInfo,
    MountPoint,
    NetworkInfo,
    PortBinding,
    VolumeInfo,
)
from schemas.specs import ContainerSpec
from tests.support.projects import project


class Refused(Exception):
    """An engine would refuse the step: something else has what it needs."""


def refuse(reason: bool, text: str) -> None:
    if reason:
        raise Refused(text)


ALIVE = ("running", "paused", "restarting")


def image(reference: str, build: str = "1") -> ImageInfo:
    return ImageInfo(f"sha256:{reference}/{build}", (reference,), (), 0.0, 0, "amd64", "linux", {})


class World:
    """Containers, networks and volumes by name. ``one_shot`` services end with 0 as soon as they are started."""

    def __init__(self, *, one_shot: tuple[str, ...] = ()) -> None:
        self.containers: dict[str, ContainerInfo] = {}
        self.specs: dict[str, ContainerSpec] = {}  # by container id
        self.networks: dict[str, NetworkInfo] = {}
        self.volumes: dict[str, VolumeInfo] = {}
        self.one_shot = one_shot
        self._count = 0

    def observed(self, name: str = "shop") -> Observed:
        networks = {
            network.name: network._replace(
                containers=tuple(
                    info.id
                    for info in self.containers.values()
                    if network.id in {place.network_id for place in info.networks}
                )
            )
            for network in self.networks.values()
        }
        return arrange(name, list(self.containers.values()), networks, dict(self.volumes))

    def up(self, text: str, *, options: UpOptions = UpOptions(), **how: Any) -> list[str]:
        """Bring a compose file up; the plan's text, a step a line."""
        plan = self.plan(text, options=options, **how)
        self.apply(plan)
        return lines(plan)

    def plan(
        self,
        text: str,
        *,
        options: UpOptions = UpOptions(),
        build: str = "1",
        profiles: tuple[str, ...] = (),
        **how: Any,
    ) -> Plan:
        return up_plan(wish(text, build=build, profiles=profiles, **how), self.observed(), options)

    def apply(self, plan: Plan) -> None:
        done: set[int] = set()
        for step in plan.steps:
            assert done.issuperset(step.after), f"step {step.id} comes before one that it needs"
            self.do(step.action)
            done.add(step.id)

    def do(self, action: Action) -> None:
        _DEEDS[type(action)](self, action)

    def set(self, name: str, **changes: Any) -> None:
        """Something happens to a container."""
        self.containers[name] = self.containers[name]._replace(**changes)

    # what steps do --------------------------------------------------------------------------------

    def new_id(self) -> str:
        self._count += 1
        return f"{self._count:012x}" + "0" * 52

    def create_network(self, action: CreateNetwork) -> None:
        name = action.spec["name"]
        assert name not in self.networks
        self.networks[name] = NetworkInfo(
            self.new_id(), name, "bridge", dict(action.spec["labels"]), False, (), (), 0.0
        )

    def remove_network(self, action: RemoveNetwork) -> None:
        network = self.networks.pop(action.name)
        for info in self.containers.values():
            refuse(network.id in {place.network_id for place in info.networks}, "in use")

    def create_volume(self, action: CreateVolume) -> None:
        name = action.spec["name"]
        assert name not in self.volumes
        self.volumes[name] = VolumeInfo(name, "local", dict(action.spec["labels"]), "", 0.0)

    def remove_volume(self, action: RemoveVolume) -> None:
        del self.volumes[action.name]
        for info in self.containers.values():
            refuse(action.name in {point.source for point in info.mounts}, "in use")

    def create_container(self, action: CreateContainer) -> None:
        spec = action.spec
        name, id = spec["name"], self.new_id()
        refuse(name in self.containers, f"{name} exists")
        for source in action.volumes_from:
            assert source.removesuffix(":ro") in self.containers
        for key in ("network_mode", "ipc", "pid"):
            mode = str(spec.get(key) or "")
            if mode.startswith("container:"):
                assert mode.removeprefix("container:") in self.containers
        self.specs[id] = spec
        self.containers[name] = ContainerInfo(
            id,
            name,
            spec["image"],
            spec["labels"][labels.IMAGE],
            dict(spec["labels"]),
            float(self._count),
            "created",
            networks=tuple(self._places(spec)),
            mounts=tuple(self._mounts(spec, action.inherit)),
            has_healthcheck="healthcheck" in spec,
        )

    def _places(self, spec: ContainerSpec) -> list[Attachment]:
        taken = {
            (place.network, place.ipv4)
            for info in self.containers.values()
            for place in info.networks
        }
        places = []
        for place in spec.get("endpoints") or ():
            network = self.networks[place["network"]]
            address = place.get("ipv4_address") or f"10.{self._count}"
            refuse((network.name, address) in taken, f"address {address} is taken")
            places.append(
                Attachment(network.name, network.id, address, "", "", tuple(place["aliases"]))
            )
        return places

    def _mounts(self, spec: ContainerSpec, inherit: str) -> list[MountPoint]:
        old = self.containers[inherit].mounts if inherit else ()
        inherited = {point.target: point.source for point in old if point.anonymous}
        points = []
        for mount in spec.get("mounts") or ():
            source = mount.get("source", "")
            anonymous = mount["type"] == "volume" and (not source or source.startswith("anonymous"))
            if anonymous:
                source = source or inherited.get(mount["target"], f"anonymous-{self._count}")
            elif mount["type"] == "volume":
                refuse(source not in self.volumes, f"no volume {source}")
            points.append(MountPoint(mount["type"], mount["target"], source, False, anonymous))
        return points

    def start(self, action: StartContainer) -> None:
        info = self.containers[action.name]
        spec = self.specs[info.id]
        held = {
            (binding.host_port, binding.protocol)
            for other in self.containers.values()
            if other.state in ALIVE and other.id != info.id
            for binding in other.ports
        }
        wanted = {
            (port["published"], port["protocol"])
            for port in spec.get("ports") or ()
            if port.get("published")
        }
        refuse(bool(held & wanted), f"host ports {held & wanted} are taken")
        ports = tuple(PortBinding("", number, number, protocol) for number, protocol in wanted)
        if action.service in self.one_shot:
            self.set(action.name, state="exited", exit_code=0)
        else:
            health = "healthy" if info.has_healthcheck else ""
            self.set(action.name, state="running", health=health, ports=ports)

    def stop(self, action: StopContainer) -> None:
        refuse(self.containers[action.name].state not in ALIVE, f"{action.name} does not run")
        self.set(action.name, state="exited", exit_code=137, health="", ports=())

    def restart(self, action: RestartContainer) -> None:
        self.set(action.name, state="running")

    def remove(self, action: RemoveContainer) -> None:
        refuse(self.containers[action.name].state in ALIVE, f"{action.name} runs")
        del self.containers[action.name]

    def rename(self, action: RenameContainer) -> None:
        assert action.to not in self.containers
        self.containers[action.to] = self.containers.pop(action.name)._replace(name=action.to)

    def disconnect(self, action: DisconnectContainer) -> None:
        info = self.containers[action.name]
        left = tuple(place for place in info.networks if place.network != action.network)
        assert left != info.networks
        self.set(action.name, networks=left)

    def wait(self, action: WaitFor) -> None:
        for name in action.names:
            info = self.containers[name]
            if action.condition == "service_healthy":
                assert info.health == "healthy"
            elif action.condition == "service_completed_successfully":
                assert (info.state, info.exit_code) == ("exited", 0)


_DEEDS: dict[type, Callable[[World, Any], None]] = {
    CreateNetwork: World.create_network,
    RemoveNetwork: World.remove_network,
    CreateVolume: World.create_volume,
    RemoveVolume: World.remove_volume,
    CreateContainer: World.create_container,
    DisconnectContainer: World.disconnect,
    StartContainer: World.start,
    StopContainer: World.stop,
    RestartContainer: World.restart,
    RemoveContainer: World.remove,
    RenameContainer: World.rename,
    WaitFor: World.wait,
}


def lines(plan: Plan) -> list[str]:
    """The plan's text, a step a line, temporary names shortened."""
    return [re.sub(r"\b0{8}[0-9a-f]{4}_", "TEMP_", line.strip()) for line in str(plan).splitlines()]


def wish(text: str, *, build: str = "1", profiles: tuple[str, ...] = (), **how: Any) -> Desired:
    """What a compose file wants; every image is there, in the given build."""
    loaded = project(text, profiles=profiles)
    images = {
        body["image"]: image(body["image"], build)
        for body in loaded.services.values()
        if body.get("image")
    }
    return desire(loaded, images=images, **how)
