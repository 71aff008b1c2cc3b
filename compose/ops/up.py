"""From a loaded project to the plan that brings it about; everything that can be refused is refused here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compose.desired import Desired, container_spec, desire
from compose.graph import image_references
from compose.observed import Observed, observe
from compose.ops.faults import Fault, Where, refuse
from compose.ops.images import absent
from compose.ops.preflight import HOST_BINDING, Publisher, bound_ports, missing_files, taken_ports
from compose.plan.actions import Plan, RunPreStart, StartContainer, Step, WaitFor
from compose.plan.options import UpOptions
from compose.project import Project
from schemas.digest import sha256
from schemas.engine import Engine
from schemas.errors import InvalidArgument, Unsupported
from schemas.records import ImageInfo
from schemas.typed import NamedTuple


class Wish(NamedTuple):
    """What the command line asks for: ``services`` and what they depend on (all without names), how many of each."""

    services: tuple[str, ...] = ()
    no_deps: bool = False
    scale: Mapping[str, int] = {}
    pull: str = "policy"
    quiet_pull: bool = False
    build: bool = False
    no_build: bool = False
    quiet_build: bool = False
    compatibility: bool = False  # "_" in names


class Prepared(NamedTuple):
    desired: Desired
    observed: Observed
    plan: Plan


def want(
    engine: Engine,
    project: Project,
    wish: Wish,
    images: Mapping[str, ImageInfo],
    where: Where,
    *,
    all_images: bool = True,
) -> Desired:
    """What must exist. PycomposeError, with a line for each fault: files that are missing, keys that nothing here honours,
    and (with ``all_images``) images that are not among ``images``."""
    references = image_references(project, wish.services, no_deps=wish.no_deps)
    if all_images:
        refuse(absent(project, references, images), where)
    refuse(missing_files(project, references), where)
    from compose.translate.refusal import KeyUnsupported

    try:
        desired = desire(
            project,
            images=images,
            scale=wish.scale,
            services=wish.services,
            no_deps=wish.no_deps,
            separator="_" if wish.compatibility else "-",
            digests=_digests(project, references),
        )
    except KeyUnsupported as error:
        refuse([Fault(error.path, error.reason, error.hint or "")], where)
        raise
    refuse(_refused(engine, desired), where)
    return desired


def prepare(
    engine: Engine,
    project: Project,
    wish: Wish,
    images: Mapping[str, ImageInfo],
    options: UpOptions,
    where: Where,
    *,
    all_images: bool = True,
) -> Prepared:
    """The plan of ``up`` and its kin. Raises what ``want`` does, and for host ports that cannot be published."""
    from compose.plan.planner import up_plan

    desired = want(engine, project, wish, images, where, all_images=all_images)
    observed = observe(engine, project.name, desired)
    plan = up_plan(desired, observed, options)
    refuse(taken_ports(engine, publishers(desired, plan), observed), where)
    return Prepared(desired, observed, plan)


def split(plan: Plan) -> tuple[Plan, Plan]:
    """What can be done before anything is started, and the rest."""
    late: set[int] = set()
    for step in plan.steps:
        begins = isinstance(step.action, (RunPreStart, StartContainer, WaitFor))
        if begins or late.intersection(step.after):
            late.add(step.id)
    first: list[Step] = [step for step in plan.steps if step.id not in late]
    rest: list[Step] = [step for step in plan.steps if step.id in late]
    return Plan(tuple(first), plan.warnings), Plan(tuple(rest))


def _digests(project: Project, services: Iterable[str]) -> dict[str, str]:
    """Digests of the files of the services' secrets and configs, by path."""
    found: dict[str, str] = {}
    for name in services:
        body = project.services[name]
        for section in ("secrets", "configs"):
            for grant in body.get(section) or ():
                file = (project.section(section).get(grant["source"]) or {}).get("file")
                if file and file not in found:
                    with open(file, "rb") as content:
                        found[file] = sha256(content.read()).hexdigest()
    return found


def _refused(engine: Engine, desired: Desired) -> list[Fault]:
    """What the engine does not honour."""
    faults = []
    for key, network in desired.networks.items():
        if not network.external:
            try:
                engine.check_network(network.spec)
            except (Unsupported, InvalidArgument) as error:
                faults.append(Fault(("networks", key), error.message, error.hint or ""))
    for key, volume in desired.volumes.items():
        if not volume.external:
            try:
                engine.check_volume(volume.spec)
            except (Unsupported, InvalidArgument) as error:
                faults.append(Fault(("volumes", key), error.message, error.hint or ""))
    for name in desired.services:
        try:
            engine.check(container_spec(desired, name, 1))
        except (Unsupported, InvalidArgument) as error:
            faults.append(Fault(("services", name), error.message, error.hint or ""))
    return faults


def publishers(desired: Desired, plan: Plan) -> list[Publisher]:
    """The services of which a container is started, with their ports."""
    starting = {
        step.action.service for step in plan.steps if isinstance(step.action, StartContainer)
    }
    bindings = {
        network.spec["name"]: options[HOST_BINDING]
        for network in desired.networks.values()
        if HOST_BINDING in (options := network.spec.get("driver_opts") or {})
    }
    return [
        Publisher(name, bound_ports(service.spec, bindings), service.scale)
        for name, service in desired.services.items()
        if name in starting and service.scale
    ]
