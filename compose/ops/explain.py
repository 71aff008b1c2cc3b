"""What the steps of a plan change: what stands on the engine beside what is wanted, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from compose.observed import Observed
from compose.plan.actions import (
    CreateContainer,
    CreateNetwork,
    CreateVolume,
    Plan,
    RemoveNetwork,
    RemoveVolume,
)
from compose.plan.fields import Change, differences
from schemas import labels
from schemas.errors import NotFound
from schemas.specs import ContainerSpec
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from compose.ops.supplies import Supply
    from schemas.engine import Engine
    from schemas.records import ContainerInfo

Changes = dict[int, list[Change]]  # by the number of the step that makes the new thing


class Explained(NamedTuple):
    """A plan with all that a person wants to know of it. ``supplies``: what must be pulled or built before."""

    project: str
    engine: str
    plan: Plan
    supplies: list[Supply]
    changes: Changes

    @property
    def work(self) -> bool:
        """Whether there is something to do. An image that is looked for again may prove to be the one that is here."""
        return bool(self.plan) or any(
            supply.kind == "build" or not supply.here for supply in self.supplies
        )


def explain(engine: Engine, plan: Plan, observed: Observed) -> Changes:
    """The fields that differ, for every step that makes something in another's place. Only what is replaced is read."""
    containers = {
        info.id: info
        for group in (*observed.containers.values(), observed.one_offs)
        for info in group
    }
    going = {
        step.action.name
        for step in plan.steps
        if isinstance(step.action, (RemoveNetwork, RemoveVolume))
    }
    found: Changes = {}
    for step in plan.steps:
        action = step.action
        if isinstance(action, CreateContainer):
            old = containers.get(action.spec["labels"].get(labels.REPLACE, ""))
            if old is not None:
                found[step.id] = _container(engine, old, action)
        elif isinstance(action, CreateNetwork) and action.spec["name"] in going:
            network = observed.networks[action.spec["name"]]
            found[step.id] = differences(_known(network.spec, network.driver), action.spec)
        elif isinstance(action, CreateVolume) and action.spec["name"] in going:
            volume = observed.volumes[action.spec["name"]]
            was = {"driver_opts": volume.options, "labels": volume.labels}
            found[step.id] = differences(_known(was, volume.driver), action.spec)
    return {id: changes for id, changes in found.items() if changes}


def _known(spec: Mapping[str, Any], driver: str) -> dict[str, Any]:
    """A spec with the driver written as the files do: the usual one not at all."""
    found = {key: value for key, value in spec.items() if key != "driver"}
    return found if driver in ("bridge", "local") else {**found, "driver": driver}


def _container(engine: Engine, old: ContainerInfo, action: CreateContainer) -> list[Change]:
    try:
        spec = engine.spec(old.id)
    except NotFound:  # somebody removed it while we looked
        return []
    return differences(_own(spec, old, action), action.spec)


def _own(spec: ContainerSpec, old: ContainerInfo, action: CreateContainer) -> dict[str, Any]:
    """The old spec without what it was given by its predecessor or by the containers whose volumes it shares."""
    anonymous = {point.target for point in old.mounts if point.anonymous}
    wanted = {mount["target"] for mount in action.spec.get("mounts") or ()}
    mounts = []
    for mount in spec.get("mounts") or ():
        if mount["type"] == "volume" and mount["target"] in anonymous:
            if mount["target"] not in wanted:
                continue
            mount = {key: value for key, value in mount.items() if key != "source"}  # type: ignore[assignment]
        elif action.volumes_from and mount["target"] not in wanted:
            continue
        mounts.append(mount)
    return {**spec, "mounts": mounts}
