"""One-off containers: a service's container beside its own, with what the command line changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from compose.desired import Desired
from compose.execute.mounts import create_container
from compose.execute.waits import COMPLETED, HEALTHY, judge
from compose.observed import Observed, observe
from compose.oneoff import RunOptions, run_spec
from compose.ops.faults import Where, refuse
from compose.ops.preflight import Publisher, taken_ports
from compose.ops.up import Wish, publishers, want
from compose.plan.actions import CreateContainer, Plan, Step, WaitFor
from compose.plan.options import UpOptions
from compose.project import Project
from schemas.engine import Engine
from schemas.errors import NotFound, UsageError
from schemas.records import ContainerInfo, ImageInfo
from schemas.specs import ContainerSpec
from schemas.typed import NamedTuple


class Prepared(NamedTuple):
    """``needs`` is to be carried out before the container is made, then ``waits``."""

    desired: Desired
    needs: Plan
    waits: Plan


def prepare(
    engine: Engine,
    project: Project,
    service: str,
    wish: Wish,
    images: Mapping[str, ImageInfo],
    options: UpOptions,
    where: Where,
    *,
    all_images: bool = True,
) -> Prepared:
    """The plan of what the service needs: networks, volumes and, unless ``wish.no_deps``, its dependencies."""
    from compose.plan.planner import up_plan

    wish = wish._replace(services=(service,))
    desired = want(engine, project, wish, images, where, all_images=all_images)
    others = {name: found for name, found in desired.services.items() if name != service}
    around = desired._replace(services=others, disabled=(*desired.disabled, service))
    observed = observe(engine, project.name, desired)
    plan = up_plan(around, observed, options._replace(services=tuple(others)))
    refuse(taken_ports(engine, publishers(around, plan), observed), where)
    return Prepared(desired, plan, _waits(desired, service, observed, plan))


def create(engine: Engine, desired: Desired, service: str, options: RunOptions) -> ContainerInfo:
    """Make the container. Raises UsageError for ports that are taken, EngineError."""
    observed = observe(engine, desired.project)
    names = {name: [info.name for info in found] for name, found in observed.containers.items()}
    spec = run_spec(desired, service, options, names)
    _check_ports(engine, spec, service, observed)
    _make_volumes(engine, spec)
    action = CreateContainer(service, spec, volumes_from=_sources(desired, service, names))
    return create_container(engine, action)


def environment(words: Iterable[str], environ: Mapping[str, str]) -> dict[str, str | None]:
    """``-e`` words; a name alone takes the value that the command has, and counts for nothing when there is none."""
    found: dict[str, str | None] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            found[name] = value
        elif name in environ:
            found[name] = environ[name]
    return found


def published(words: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """``-p`` words in long form. UsageError."""
    from compose.loader.canonical.ports import parse_port

    found: list[dict[str, Any]] = []
    for word in words:
        try:
            found += parse_port(word)
        except ValueError as error:
            raise UsageError(str(error)) from None
    return tuple(found)


def mounted(words: Iterable[str], directory: str, home: str) -> tuple[dict[str, Any], ...]:
    """``-v`` words in long form, sources as absolute paths. UsageError."""
    import os

    from compose.loader.canonical.volumes import parse_volume
    from compose.loader.faults import Fault

    found = []
    for word in words:
        try:
            volume = parse_volume(word, ())
        except Fault as fault:
            raise UsageError(f"invalid --volume {word}: {fault}") from None
        if volume["type"] == "bind":
            source = volume["source"]
            if source == "~" or source.startswith("~/"):
                source = home + source[1:]
            volume["source"] = os.path.normpath(os.path.join(directory, source))
        found.append(volume)
    return tuple(found)


def _waits(desired: Desired, service: str, observed: Observed, needs: Plan) -> Plan:
    """What the container itself waits for: its dependencies by then are those that exist and those that are made."""
    from compose.desired import container_name

    changing = {getattr(step.action, "service", "") for step in needs.steps}
    steps = []
    for id, needed in enumerate(desired.services[service].depends_on, 1):
        other = desired.services.get(needed.service)
        if other is None or needed.condition not in (HEALTHY, COMPLETED) or not other.scale:
            continue
        there = observed.containers.get(needed.service, ())
        rests = needed.service not in changing
        if (
            there
            and rests
            and all(judge(needed.condition, info).outcome == "met" for info in there)
        ):
            continue
        names = tuple(info.name for info in there) or tuple(
            container_name(desired, needed.service, number) for number in range(1, other.scale + 1)
        )
        action = WaitFor(needed.service, names, needed.condition, needed.required)
        steps.append(Step(id, action, (), f"{service} needs {needed.condition}"))
    return Plan(tuple(steps))


def _check_ports(engine: Engine, spec: ContainerSpec, service: str, observed: Observed) -> None:
    """A one-off takes nobody's place, so ports of the project's own containers are taken, too."""
    nobody = observed._replace(containers={}, one_offs=())
    wanted = Publisher(service, tuple(spec.get("ports") or ()), 1)
    faults = taken_ports(engine, [wanted], nobody)
    refuse(faults, lambda path: "")


def _make_volumes(engine: Engine, spec: ContainerSpec) -> None:
    """Named volumes of the command line that do not exist yet."""
    for mount in spec.get("mounts") or []:
        source = mount.get("source")
        if mount["type"] == "volume" and source:
            try:
                engine.volume(source)
            except NotFound:
                engine.create_volume({"name": source})


def _sources(desired: Desired, service: str, names: Mapping[str, list[str]]) -> tuple[str, ...]:
    """The containers of ``volumes_from``, by name."""
    found = []
    for word in desired.services[service].volumes_from:
        if word.startswith("container:"):
            found.append(word.removeprefix("container:"))
            continue
        name, colon, mode = word.partition(":")
        if not names.get(name):
            raise UsageError(f"services.{service}.volumes_from: service {name} has no container")
        found.append(names[name][0] + colon + mode)
    return tuple(found)
