"""Third phase of an ``up``: containers are removed, replaced and created."""

from __future__ import annotations

from compose.plan.actions import RemoveContainer, RenameContainer
from compose.plan.containers import Decision, Replacement, temporary_name
from compose.plan.draft import Draft
from schemas import labels
from schemas.records import ContainerInfo
from schemas.specs import ContainerSpec, Mount


def change_containers(draft: Draft) -> None:
    """Service by service, each after what it depends on."""
    for name, decision in draft.decisions.items():
        _remove(draft, name, decision)
        settled = _rename_kept(draft, name, decision)
        settled += [_replace(draft, name, each) for each in decision.replace]
        for number in decision.create:
            spec = draft.spec(name, number)
            id = draft.create(name, spec, decision.create_cause, draft.needs(name, spec))
            draft.ready[spec["name"]] = id
            settled.append(id)
        draft.settled[name] = settled


def _remove(draft: Draft, name: str, decision: Decision) -> None:
    for removal in decision.remove:
        if removal.info.id not in draft.gone:
            id = draft.remove(name, removal.info, removal.cause, volumes=removal.volumes)
            draft.cut.setdefault(removal.info.id, []).append(id)


def _rename_kept(draft: Draft, name: str, decision: Decision) -> list[int]:
    """Give replacements their name that lack it because a command was interrupted."""
    renamed = []
    for kept in decision.keep:
        if kept.name != kept.info.name:
            action = RenameContainer(name, kept.info.name, kept.name)
            id = draft.steps.add(action, "a replacement was begun", group=kept.name)
            draft.ready[kept.name] = id
            renamed.append(id)
    return renamed


def _replace(draft: Draft, name: str, each: Replacement) -> int:
    """Make the successor, stop and remove the old container, give its name to the new one; the last step."""
    old, group = each.info, each.name
    if each.successor is not None:
        gone = draft.remove(name, old, each.cause, draft.dependents_stopped(name), group=group)
        return _rename(draft, name, each, each.successor.name, [gone])
    spec = draft.spec(name, each.number)
    spec["labels"] = {**spec["labels"], labels.REPLACE: old.id}
    cut = draft.cut.get(old.id, [])
    needs = [*draft.needs(name, spec), *cut, *_unfinished(draft, name, each)]
    if (
        old.id in draft.gone
    ):  # it was in the way of a volume: the successor can have the name at once
        if not draft.options.renew_anon_volumes:
            shares = bool(draft.desired.services[name].volumes_from)
            spec["mounts"] = _with_anonymous(old, spec, shares=shares)
        draft.ready[group] = draft.create(name, spec, each.cause, needs)
        return draft.ready[group]
    spec["name"] = temporary_name(old, each.name)
    renew = draft.options.renew_anon_volumes
    inherit = "" if renew else old.name
    created = draft.create(name, spec, each.cause, needs, inherit=inherit, group=group)
    after = [created]
    if not cut:  # else it has been stopped
        after += draft.stop(
            name, old, each.cause, [created, *draft.dependents_stopped(name)], group
        )
    action = RemoveContainer(name, old.name, volumes=renew, force=True)
    removed = draft.steps.add(action, each.cause, after[-1:], group)
    return _rename(draft, name, each, spec["name"], [removed])


def _rename(draft: Draft, name: str, each: Replacement, now: str, after: list[int]) -> int:
    id = draft.steps.add(RenameContainer(name, now, each.name), each.cause, after, each.name)
    draft.ready[each.name] = id
    return id


def _unfinished(draft: Draft, name: str, each: Replacement) -> list[int]:
    """The removal of an earlier, useless successor, whose temporary name is needed again."""
    temporary = temporary_name(each.info, each.name)
    return [
        id
        for removal in draft.decisions[name].remove
        if removal.info.name == temporary
        for id in draft.cut.get(removal.info.id, ())
    ]


def _with_anonymous(old: ContainerInfo, spec: ContainerSpec, *, shares: bool) -> list[Mount]:
    """The mounts of the spec with the anonymous volumes of a container that is removed before its successor is made.

    ``shares``: it has volumes of other containers, which it must not take for its own.
    """
    left = {point.target: point.source for point in old.mounts if point.anonymous}
    mounts: list[Mount] = []
    for mount in spec.get("mounts") or ():
        source = left.pop(mount["target"], "")
        anonymous = mount["type"] == "volume" and not mount.get("source")
        mounts.append({**mount, "source": source} if source and anonymous else mount)
    if not shares:
        mounts += [
            {"type": "volume", "target": target, "source": source}
            for target, source in left.items()
        ]
    return mounts
