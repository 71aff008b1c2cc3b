"""What becomes of a service's containers: which stay, which are replaced or removed, which are missing."""

from __future__ import annotations

from collections.abc import Callable

from compose.desired import Desired, DesiredService, container_name
from compose.ops.selection import number
from schemas import labels
from schemas.records import ContainerInfo
from schemas.typed import NamedTuple

_HEX = frozenset("0123456789abcdef")

Judge = Callable[[ContainerInfo], str]


class Kept(NamedTuple):
    """A container that stays. Its ``name`` differs from its own when an interrupted replacement did not rename it."""

    info: ContainerInfo
    name: str


class Replacement(NamedTuple):
    """``info`` gives way to a container that will be called ``name``; ``successor``: that one is there already, made by
    a command that was interrupted, and must only take over."""

    info: ContainerInfo
    name: str
    number: int
    cause: str
    successor: ContainerInfo | None = None


class Removal(NamedTuple):
    """``volumes``: with the anonymous volumes that nobody else uses."""

    info: ContainerInfo
    cause: str
    volumes: bool = False


class Decision(NamedTuple):
    """What becomes of one service. ``create``: the numbers of new containers, and why there are new ones."""

    wanted: DesiredService
    keep: tuple[Kept, ...]
    replace: tuple[Replacement, ...] = ()
    remove: tuple[Removal, ...] = ()
    create: tuple[int, ...] = ()
    create_cause: str = ""


def decide(
    desired: Desired, wanted: DesiredService, found: tuple[ContainerInfo, ...], judge: Judge
) -> Decision:
    """Compare a service with its containers."""
    slots = [_settle(desired, wanted, slot, judge) for slot in _slots(found)]
    surplus = len(slots) - wanted.scale
    remove = [removal for slot in slots for removal in slot.remove]
    if surplus > 0:
        # What is obsolete goes first, then the highest numbers.
        slots.sort(key=lambda slot: (slot.replace is None, -slot.number))
        for slot in slots[:surplus]:
            remove += slot.gone(f"service {wanted.name} is scaled to {wanted.scale}")
        slots = sorted(slots[surplus:], key=lambda slot: slot.number)
    highest = max((number(info) for info in found), default=0)
    missing = range(highest + 1, highest + 1 - min(surplus, 0))
    return Decision(
        wanted,
        tuple(slot.keep for slot in slots if slot.keep is not None),
        tuple(slot.replace for slot in slots if slot.replace is not None),
        tuple(remove),
        tuple(missing),
        f"service {wanted.name} is scaled to {wanted.scale}"
        if slots
        else f"service {wanted.name} does not exist",
    )


def names(desired: Desired, decision: Decision) -> list[str]:
    """The names of a service's containers once the plan is done, by number."""
    found = [(number(kept.info), kept.name) for kept in decision.keep]
    found += [(each.number, each.name) for each in decision.replace]
    found += [
        (each, container_name(desired, decision.wanted.name, each)) for each in decision.create
    ]
    return [name for _, name in sorted(found)]


def must_start(info: ContainerInfo) -> bool:
    """Whether a container that is to run does not, or will not soon: a command that was killed may have it stopped."""
    return info.state in ("created", "exited") or info.stopping


def temporary_name(old: ContainerInfo, final: str) -> str:
    """What a replacement is called until the old container is gone."""
    return f"{old.id[:12]}_{final}"


class _Slot(NamedTuple):
    """One of a service's containers, with the replacement that was begun for it."""

    info: ContainerInfo
    successor: ContainerInfo | None


class _Settled(NamedTuple):
    number: int
    infos: tuple[ContainerInfo, ...]
    keep: Kept | None = None
    replace: Replacement | None = None
    remove: tuple[Removal, ...] = ()

    def gone(self, cause: str) -> list[Removal]:
        """The removals when the slot is not wanted any more."""
        known = {removal.info.id for removal in self.remove}
        return [Removal(info, cause) for info in self.infos if info.id not in known]


def _slots(found: tuple[ContainerInfo, ...]) -> list[_Slot]:
    """Containers with the successors that interrupted replacements left beside them."""
    here = {info.id[:12]: info for info in found}
    successors = {}
    for info in found:
        old = _replaced(info)
        if old in here:
            successors[old] = info
    waiting = {info.id for info in successors.values()}
    return [_Slot(info, successors.get(info.id[:12])) for info in found if info.id not in waiting]


def _replaced(info: ContainerInfo) -> str:
    """The short id that a temporary name begins with; "" when the name is an ordinary one."""
    head, underscore, _ = info.name.partition("_")
    if underscore and len(head) == 12 and _HEX.issuperset(head) and labels.REPLACE in info.labels:
        return head
    return ""


def _settle(desired: Desired, wanted: DesiredService, slot: _Slot, judge: Judge) -> _Settled:
    info, successor = slot
    mine = number(info)
    final = container_name(desired, wanted.name, mine)
    if successor is None:
        cause = judge(info)
        if cause:
            return _Settled(mine, (info,), replace=Replacement(info, final, mine, cause))
        return _Settled(mine, (info,), Kept(info, final if _replaced(info) else info.name))
    both = (info, successor)
    if not judge(successor):
        cause = "a replacement was begun"
        return _Settled(
            mine, both, replace=Replacement(info, final, mine, cause, successor=successor)
        )
    useless = (Removal(successor, "a replacement was begun that is out of date", volumes=True),)
    cause = judge(info)
    if cause:
        return _Settled(mine, both, replace=Replacement(info, final, mine, cause), remove=useless)
    return _Settled(mine, both, Kept(info, info.name), remove=useless)
