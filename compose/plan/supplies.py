"""Second phase of an ``up``: orphans go, networks and volumes are made; what is needed is taken from containers that go."""

from __future__ import annotations

from compose.plan.actions import (
    CreateNetwork,
    CreateVolume,
    DisconnectContainer,
    RemoveNetwork,
    RemoveVolume,
)
from compose.plan.draft import Draft
from compose.plan.resources import Resources
from schemas import labels
from schemas.records import ContainerInfo

Addresses = set[tuple[str, str]]  # (network, address)


def remove_orphans(draft: Draft, orphans: list[ContainerInfo]) -> None:
    """Remove containers of services that are no more; whatever is made afterwards may need what they hold."""
    for info in orphans:
        service = info.labels.get(labels.SERVICE, "")
        one_off = info.labels.get(labels.ONEOFF) == "True"
        cause = (
            "one-off container has ended" if one_off else f"service {service} is not in the files"
        )
        draft.barrier.append(draft.remove(service, info, cause))


def make_resources(draft: Draft, networks: Resources, volumes: Resources) -> None:
    """Make what is missing; what has changed is taken from its containers, removed and made anew."""
    known = draft.desired
    _release(
        draft,
        {known.networks[key].name for key in networks.changed},
        {known.volumes[key].name for key in volumes.changed},
    )
    cuts = [id for ids in draft.cut.values() for id in ids]
    for key in networks.work:
        network = known.networks[key]
        cause, after = f"network {key} does not exist", draft.barrier
        if key in networks.changed:
            cause = f"definition of network {key} changed"
            after = [draft.steps.add(RemoveNetwork(network.name), cause, after + cuts)]
        draft.networks[network.name] = draft.steps.add(CreateNetwork(network.spec), cause, after)
    for key in volumes.work:
        volume = known.volumes[key]
        cause, after = f"volume {key} does not exist", draft.barrier
        if key in volumes.changed:
            cause = f"definition of volume {key} changed"
            after = [draft.steps.add(RemoveVolume(volume.name), cause, after + cuts)]
        draft.volumes[volume.name] = draft.steps.add(CreateVolume(volume.spec), cause, after)


def _release(draft: Draft, networks: set[str], volumes: set[str]) -> None:
    """Stop the containers that hold a network, a volume or a fixed address that is needed now, and take it from them."""
    fixed = _fixed_addresses(draft)
    if not (networks or volumes or fixed):
        return
    halted: dict[str, list[int]] = {}  # service → what stops it
    for name, decision in reversed(draft.decisions.items()):
        for removal in decision.remove:
            if _held(removal.info, networks, fixed) or _uses(removal.info, volumes):
                _drop(draft, name, removal.info, removal.cause, fixed, [], volumes=removal.volumes)
        before = [*draft.dependents_stopped(name), *_users_halted(draft, name, halted)]
        for each in decision.replace:
            held = _held(each.info, networks, fixed)
            if each.successor is not None:
                continue
            if _uses(each.info, volumes):
                renew = draft.options.renew_anon_volumes
                _drop(draft, name, each.info, each.cause, fixed, before, volumes=renew)
            elif held:
                stopped = draft.stop(name, each.info, each.cause, before, each.name)
                halted.setdefault(name, []).extend(stopped)
                for network in held:
                    action = DisconnectContainer(name, each.info.name, network)
                    id = draft.steps.add(action, each.cause, stopped or before, each.name)
                    draft.cut.setdefault(each.info.id, []).append(id)
                    _free(draft, each.info, fixed, id, network)


def _users_halted(draft: Draft, name: str, halted: dict[str, list[int]]) -> list[int]:
    """The stops so far of those that depend on a service: they go before it."""
    return [
        id
        for user, ids in halted.items()
        if any(each.service == name for each in draft.decisions[user].wanted.depends_on)
        for id in ids
    ]


def _drop(
    draft: Draft,
    service: str,
    info: ContainerInfo,
    cause: str,
    fixed: Addresses,
    after: list[int],
    *,
    volumes: bool,
) -> None:
    id = draft.remove(service, info, cause, after, volumes=volumes)
    draft.gone.add(info.id)
    draft.cut.setdefault(info.id, []).append(id)
    for place in info.networks:
        _free(draft, info, fixed, id, place.network)


def _free(draft: Draft, info: ContainerInfo, fixed: Addresses, id: int, network: str) -> None:
    """Note that step ``id`` frees the addresses that the container has on a network."""
    for place in info.networks:
        for address in (place.ipv4, place.ipv6):
            if place.network == network and (network, address) in fixed:
                draft.freed[network, address] = id


def _held(info: ContainerInfo, networks: set[str], fixed: Addresses) -> list[str]:
    """The networks that a container must leave before the others can go on."""
    return [
        place.network
        for place in info.networks
        if place.network in networks
        or (place.network, place.ipv4) in fixed
        or (place.network, place.ipv6) in fixed
    ]


def _uses(info: ContainerInfo, volumes: set[str]) -> bool:
    return any(point.type == "volume" and point.source in volumes for point in info.mounts)


def _fixed_addresses(draft: Draft) -> Addresses:
    """The addresses that new containers are to have."""
    return {
        (place["network"], address)
        for decision in draft.decisions.values()
        if decision.create or decision.replace
        for place in decision.wanted.spec.get("endpoints") or ()
        for address in (place.get("ipv4_address"), place.get("ipv6_address"))
        if address
    }
