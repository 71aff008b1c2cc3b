"""From what should be and what is to the steps in between. Pure.

Every container is judged first (``containers``, ``verdict``), then the steps are written down (``draft`` and its phases).
The verbs that only start, stop or remove are in ``lifecycle``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from compose.desired import Desired, parents
from compose.graph import order
from compose.observed import Observed
from compose.plan import resources
from compose.plan.actions import Plan
from compose.plan.containers import Decision, decide, must_start, names
from compose.plan.options import Recreate, UpOptions
from compose.plan.verdict import Parent, Scene, judge
from schemas.labels import HOOK
from schemas.records import ContainerInfo

_ORPHANS = (
    "Found orphan containers ([{}]) for this project. If you removed or renamed this service in your compose file, you can"
    " run this command with the --remove-orphans flag to clean it up."
)
_SOON = float("inf")  # the time at which a container will have been made that is not there yet


def up_plan(desired: Desired, observed: Observed, options: UpOptions) -> Plan:
    """Everything that makes ``observed`` what is ``desired``; empty when it is that already. ``create`` is an ``up`` that
    does not start.

    Raises NotFound for an external network or volume that is missing, Conflict for a network of that name that is somebody
    else's, DependencyError for a cycle.
    """
    sequence = order(desired.services)
    policies = _policies(desired, options)
    orphans, warnings = _orphans(desired, observed, options)
    replaceable = _replaceable(policies, orphans)
    networks = resources.networks(desired, observed, replaceable)
    volumes = resources.volumes(desired, observed, options.replace_volumes, replaceable)
    scene = Scene(
        observed.networks,
        frozenset(desired.networks[key].name for key in networks.changed),
        frozenset(desired.volumes[key].name for key in volumes.changed),
    )
    decisions: dict[str, Decision] = {}
    for name in sequence:
        decisions[name] = _decide(desired, observed, decisions, name, scene, policies[name])
    warnings += [*desired.warnings, *networks.warnings, *volumes.warnings, *_paused(decisions)]
    resting = all(_rests(decision, start=options.start) for decision in decisions.values())
    if resting and not (orphans or networks.work or volumes.work):
        return Plan((), tuple(warnings))
    from compose.plan.changes import change_containers
    from compose.plan.dependents import stop_dependents
    from compose.plan.draft import Draft
    from compose.plan.starts import start_containers
    from compose.plan.supplies import make_resources, remove_orphans

    draft = Draft(desired, observed, options, decisions)
    if options.start:
        stop_dependents(draft)
    remove_orphans(draft, orphans)
    make_resources(draft, networks, volumes)
    change_containers(draft)
    if options.start:
        start_containers(draft)
    return draft.steps.plan(warnings)


def _policies(desired: Desired, options: UpOptions) -> dict[str, Recreate]:
    named = frozenset(options.services or desired.services)
    return {
        name: options.recreate if name in named else options.recreate_deps
        for name in desired.services
    }


def _orphans(
    desired: Desired, observed: Observed, options: UpOptions
) -> tuple[list[ContainerInfo], list[str]]:
    """Containers of services that the files do not have, to be removed; or the warning that they exist."""
    if options.ignore_orphans:
        return [], []
    found = [
        info
        for service, containers in observed.containers.items()
        if service not in desired.services and service not in desired.disabled
        for info in containers
    ]
    found += [
        info
        for info in observed.one_offs
        if info.state in ("exited", "dead") and HOOK not in info.labels
    ]
    if not found or options.remove_orphans:
        return found, []
    return [], [_ORPHANS.format(" ".join(info.name for info in found))]


def _replaceable(
    policies: Mapping[str, Recreate], orphans: list[ContainerInfo]
) -> Callable[[ContainerInfo], bool]:
    """Which containers may be cut off from a network, because something better comes, or nothing."""
    from compose.ops.selection import is_one_off
    from schemas.labels import SERVICE

    going = {info.id for info in orphans}

    def replaceable(info: ContainerInfo) -> bool:
        policy = policies.get(info.labels.get(SERVICE, ""), "never")
        return info.id in going or (policy != "never" and not is_one_off(info))

    return replaceable


def _decide(
    desired: Desired,
    observed: Observed,
    decisions: Mapping[str, Decision],
    name: str,
    scene: Scene,
    policy: Recreate,
) -> Decision:
    wanted = desired.services[name]
    found = observed.containers.get(name, ())
    built_on = tuple(
        Parent(parent, words, _made(desired, observed, decisions, parent))
        for parent, words in parents(wanted).items()
    )
    return decide(desired, wanted, found, lambda info: judge(wanted, info, scene, policy, built_on))


def _made(
    desired: Desired, observed: Observed, decisions: Mapping[str, Decision], name: str
) -> float:
    """When the container that others are built on was made: a service's first one, as it will be."""
    decision = decisions.get(name)
    if decision is None:
        return min((info.created for info in observed.containers.get(name, ())[:1]), default=0.0)
    first = (names(desired, decision) or [""])[0]
    for kept in decision.keep:
        if kept.name == first:
            return kept.info.created
    for each in decision.replace:
        if each.name == first and each.successor is not None:
            return each.successor.created
    return _SOON if first else 0.0


def _rests(decision: Decision, *, start: bool) -> bool:
    """Whether nothing at all is to be done about a service."""
    if decision.replace or decision.remove or decision.create:
        return False
    return all(
        kept.name == kept.info.name and not (start and must_start(kept.info))
        for kept in decision.keep
    )


def _paused(decisions: Mapping[str, Decision]) -> list[str]:
    return [
        f"container {kept.name} is paused"
        for decision in decisions.values()
        for kept in decision.keep
        if kept.info.state == "paused"
    ]
