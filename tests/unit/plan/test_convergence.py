"""Whatever there was, and wherever the last command was interrupted: one more ``up`` makes it what the file says."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compose.graph import of_labels, of_project
from compose.plan.actions import Plan, Step
from compose.plan.lifecycle import down_plan
from compose.plan.options import DownOptions, UpOptions
from compose.plan.planner import up_plan
from tests.support.projects import project
from tests.unit.plan.world import Refused, World, wish

NAMES = ("a", "b", "c", "d")
ADDRESSES = ("172.16.0.5", "172.16.0.6")
CONDITIONS = ("service_started", "service_healthy")


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A compose file of up to four services."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(sorted))
    ports = draw(st.permutations([8001, 8002, None, None]))
    addresses = draw(st.permutations([*ADDRESSES, None, None]))
    services = {
        name: draw(services_of(names[:index], ports[index], addresses[index]))
        for index, name in enumerate(names)
    }
    return {
        "services": services,
        "networks": {key: {"internal": False} for key in ("front", "back")},
        "volumes": {"data": {"driver_opts": {}}},
    }


@st.composite
def services_of(
    draw: st.DrawFn, earlier: list[str], port: int | None, address: str | None
) -> dict[str, Any]:
    flag = st.booleans()
    body: dict[str, Any] = {"image": "one", "healthcheck": {"test": "true"}}
    parents = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
    if parents:
        body["depends_on"] = {
            parent: {"condition": draw(st.sampled_from(CONDITIONS)), "restart": draw(flag)}
            for parent in parents
        }
    if draw(flag):
        body["volumes"] = ["data:/data", "/anonymous"]
    if earlier and draw(st.integers(0, 3)) == 0:
        body["network_mode"] = f"service:{earlier[0]}"
        return body
    body["networks"] = {"front": {"ipv4_address": address} if address else None}
    if draw(flag):
        body["networks"]["back"] = None
    if port:
        body["ports"] = [f"{port}:80"]
    if not port and not address:
        body["scale"] = draw(st.sampled_from([1, 1, 2, 3, 0]))
    return body


@st.composite
def edited(draw: st.DrawFn, file: dict[str, Any]) -> dict[str, Any]:
    """The file with a change or two, as people edit it."""
    file = json.loads(json.dumps(file))
    for _ in range(draw(st.integers(1, 2))):
        names = list(file["services"])
        body = file["services"][draw(st.sampled_from(names))]
        what = draw(st.sampled_from(EDITS))
        if what == "image":
            body["image"] = draw(st.sampled_from(["one", "two", "three"]))
        elif what == "network":
            file["networks"]["front"]["internal"] ^= True
        elif what == "volume":
            file["volumes"]["data"]["driver_opts"] = draw(st.sampled_from([{}, {"type": "tmpfs"}]))
        elif what == "scale" and "scale" in body:
            body["scale"] = draw(st.integers(0, 3))
        elif what == "swap":
            swap(file, draw(st.sampled_from(names)), draw(st.sampled_from(names)))
        elif what == "drop" and len(names) > 1 and not uses(file, names[-1]):
            del file["services"][names[-1]]
    return file


EDITS = ("image", "image", "network", "volume", "scale", "swap", "drop")


def uses(file: dict[str, Any], name: str) -> bool:
    """Whether another service speaks of a service."""
    return any(name in json.dumps(body) for body in file["services"].values())


def swap(file: dict[str, Any], one: str, other: str) -> None:
    """Exchange the published ports and the fixed addresses of two services."""
    a, b = file["services"][one], file["services"][other]
    if "networks" not in a or "networks" not in b or "scale" in a or "scale" in b:
        return
    a["ports"], b["ports"] = b.get("ports", []), a.get("ports", [])
    a["networks"]["front"], b["networks"]["front"] = b["networks"]["front"], a["networks"]["front"]


upping = st.builds(
    UpOptions,
    recreate=st.sampled_from(["diverged", "diverged", "force", "never"]),
    start=st.sampled_from([True, True, False]),
    renew_anon_volumes=st.booleans(),
    remove_orphans=st.booleans(),
    replace_volumes=st.sampled_from([frozenset(), frozenset({"shop_data"})]),
)


def possible(file: dict[str, Any]) -> bool:
    """A container cannot share the network of a service that has none, nor wait for the health of nothing."""
    loaded = file["services"]
    for body in loaded.values():
        parent = loaded.get(str(body.get("network_mode")).removeprefix("service:"))
        if parent is not None and (parent.get("scale") == 0 or "network_mode" in parent):
            return False
        for name, how in (body.get("depends_on") or {}).items():
            if loaded[name].get("scale") == 0 and how["condition"] != "service_started":
                return False
    return True


def interrupted(data: st.DataObject, world: World, plan: Plan) -> None:
    """Carry out some of the steps, in any order that their edges allow; what an engine refuses ends it, too."""
    left = list(plan.steps)
    done: set[int] = set()
    for _ in range(data.draw(st.integers(0, len(left)))):
        ready: list[Step] = [step for step in left if done.issuperset(step.after)]
        step = data.draw(st.sampled_from(ready))
        try:
            world.do(step.action)
        except Refused:
            return
        done.add(step.id)
        left.remove(step)


def disturb(data: st.DataObject, world: World) -> None:
    """Something happens that nobody asked for."""
    for name in list(world.containers):
        what = data.draw(st.sampled_from(["", "", "", "dies", "goes"]))
        if what == "dies" and world.containers[name].state == "running":
            world.set(name, state="exited", exit_code=1, health="", ports=())
        elif what == "goes" and world.containers[name].state != "running":
            del world.containers[name]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_next_up_converges_from_wherever_the_last_was_interrupted(data: st.DataObject) -> None:
    world = World()
    file = data.draw(files().filter(possible))
    if data.draw(st.booleans()):
        world.apply(world.plan(json.dumps(file)))
    for _ in range(data.draw(st.integers(0, 2))):
        file = data.draw(edited(file).filter(possible))
        interrupted(data, world, world.plan(json.dumps(file), options=data.draw(upping)))
        disturb(data, world)
    if data.draw(st.booleans()):
        file = data.draw(edited(file).filter(possible))
    text = json.dumps(file)
    options = UpOptions(remove_orphans=True, replace_volumes=frozenset({"shop_data"}))
    carried_out(data, world, world.plan(text, options=options))
    wanted = wish(text)
    assert str(up_plan(wanted, world.observed(), options)) == ""
    running = [name for name, info in world.containers.items() if info.state == "running"]
    assert len(running) == sum(service.scale for service in wanted.services.values())
    assert not any(name[12:13] == "_" for name in world.containers)
    check_parents(world)


def check_parents(world: World) -> None:
    """Whoever shares a network shares it with a container that is there."""
    for info in world.containers.values():
        mode = str(world.specs[info.id].get("network_mode") or "")
        if mode:
            parent = world.containers[mode.removeprefix("container:")]
            assert parent.created < info.created


def carried_out(data: st.DataObject, world: World, plan: Plan) -> None:
    """Carry out the whole plan, in any order that its edges allow."""
    left = list(plan.steps)
    done: set[int] = set()
    while left:
        ready = [step for step in left if done.issuperset(step.after)]
        step = data.draw(st.sampled_from(ready))
        world.do(step.action)
        done.add(step.id)
        left.remove(step)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_down_leaves_nothing_wherever_it_and_the_up_before_were_interrupted(
    data: st.DataObject,
) -> None:
    world = World()
    text = json.dumps(data.draw(files().filter(possible)))
    interrupted(data, world, world.plan(text))
    options = DownOptions(volumes=True, remove_orphans=True)
    graph = of_project(project(text))
    if data.draw(st.booleans()):
        graph = of_labels(world.observed())
    interrupted(data, world, down_plan(graph, world.observed(), options))
    graph = of_project(project(text))
    carried_out(data, world, down_plan(graph, world.observed(), options))
    assert (world.containers, world.networks, world.volumes) == ({}, {}, {})
