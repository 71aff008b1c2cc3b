"""The plans of ``start``, ``stop``, ``restart``, ``rm`` and ``down``, as text."""

from __future__ import annotations

from typing import Any

import pytest

from compose.graph import Graph, of_labels, of_project
from compose.plan.lifecycle import down_plan, remove_plan, restart_plan, start_plan, stop_plan
from compose.plan.options import (
    DownOptions,
    RemoveOptions,
    RestartOptions,
    StartOptions,
    StopOptions,
    UpOptions,
)
from schemas import labels
from schemas.errors import UsageError
from tests.support.projects import project
from tests.unit.plan.world import World, lines

SHOP = """
services:
  web: {image: nginx, depends_on: {api: {condition: service_healthy, restart: true}}}
  api: {image: python, healthcheck: {test: "true"}, depends_on: [db]}
  db: {image: postgres, volumes: ["data:/data"]}
volumes: {data: }
"""


@pytest.fixture
def world() -> World:
    made = World()
    made.up(SHOP)
    return made


def graph(text: str = SHOP, **how: Any) -> Graph:
    return of_project(project(text), **how)


def stop_all(world: World) -> None:
    for name in world.containers:
        world.set(name, state="exited", exit_code=0, health="")


def test_stop_begins_with_the_dependents(world: World) -> None:
    assert lines(stop_plan(graph(), world.observed(), StopOptions())) == [
        "1 StopContainer shop-web-1: stop is asked for",
        "2 StopContainer shop-api-1 after 1: stop is asked for",
        "3 StopContainer shop-db-1 after 2: stop is asked for",
    ]


def test_stop_orders_what_runs_around_what_does_not(world: World) -> None:
    world.set("shop-api-1", state="exited")
    assert lines(stop_plan(graph(), world.observed(), StopOptions())) == [
        "1 StopContainer shop-web-1: stop is asked for",
        "2 StopContainer shop-db-1 after 1: stop is asked for",
    ]


def test_stop_of_named_services_leaves_the_others(world: World) -> None:
    plan = stop_plan(graph(), world.observed(), StopOptions(("db",), timeout=3.0))
    assert lines(plan) == ["1 StopContainer shop-db-1: stop is asked for"]
    assert plan.steps[0].action.timeout == 3.0  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="no such service: nix"):
        stop_plan(graph(), world.observed(), StopOptions(("nix",)))


def test_start_takes_the_dependencies_along_and_waits_for_them(world: World) -> None:
    stop_all(world)
    assert lines(start_plan(graph(), world.observed(), StartOptions(("web",)))) == [
        "1 StartContainer shop-db-1: container has exited (0)",
        "2 StartContainer shop-api-1 after 1: container has exited (0)",
        "3 WaitFor api after 2: web needs service_healthy",
        "4 StartContainer shop-web-1 after 3: container has exited (0)",
    ]


def test_start_of_what_runs_does_nothing_and_of_what_is_not_there_fails(world: World) -> None:
    assert lines(start_plan(graph(), world.observed(), StartOptions())) == []
    with pytest.raises(UsageError, match='service "db" has no container to start'):
        start_plan(graph(), World().observed(), StartOptions())
    none = graph("services: {web: {image: x, scale: 0}}")
    assert lines(start_plan(none, World().observed(), StartOptions())) == []


def test_restart_takes_along_those_that_restart_with_it(world: World) -> None:
    assert lines(restart_plan(graph(), world.observed(), RestartOptions(("api",)))) == [
        "1 RestartContainer shop-api-1: restart is asked for",
        "2 RestartContainer shop-web-1 after 1: api restarts",
    ]
    alone = RestartOptions(("api",), no_deps=True)
    assert lines(restart_plan(graph(), world.observed(), alone)) == [
        "1 RestartContainer shop-api-1: restart is asked for"
    ]
    assert len(restart_plan(graph(), world.observed(), RestartOptions()).steps) == 3


def test_rm_removes_what_does_not_run(world: World) -> None:
    world.set("shop-web-1", state="exited", exit_code=3)
    assert lines(remove_plan(graph(), world.observed(), RemoveOptions())) == [
        "1 RemoveContainer shop-web-1: container has exited (3)"
    ]
    assert lines(remove_plan(graph(), world.observed(), RemoveOptions(("db",), stop=True))) == [
        "1 StopContainer shop-db-1: stop is asked for",
        "2 RemoveContainer shop-db-1 after 1: removal is asked for",
    ]


def test_down_removes_containers_then_networks(world: World) -> None:
    assert lines(down_plan(graph(), world.observed(), DownOptions())) == [
        "1 StopContainer shop-web-1: service is taken down",
        "2 StopContainer shop-api-1 after 1: service is taken down",
        "3 StopContainer shop-db-1 after 2: service is taken down",
        "4 RemoveContainer shop-web-1 after 1: service is taken down",
        "5 RemoveContainer shop-api-1 after 2: service is taken down",
        "6 RemoveContainer shop-db-1 after 3: service is taken down",
        "7 RemoveNetwork shop_default after 4,5,6: project is taken down",
    ]


def test_down_again_does_nothing(world: World) -> None:
    world.apply(down_plan(graph(), world.observed(), DownOptions(volumes=True)))
    assert lines(down_plan(graph(), world.observed(), DownOptions(volumes=True))) == []


def test_down_with_volumes_and_images_takes_those_of_the_project(world: World) -> None:
    text = SHOP.replace("{image: nginx,", "{build: .,")
    options = DownOptions(volumes=True, images="local")
    assert lines(down_plan(graph(text), world.observed(), options))[-2:] == [
        "8 RemoveImage shop-web after 4,5,6: --rmi local is asked for",
        "9 RemoveVolume shop_data after 4,5,6: --volumes is asked for",
    ]
    everything = down_plan(graph(), world.observed(), DownOptions(images="all"))
    assert [line.split()[2] for line in lines(everything) if "RemoveImage" in line] == [
        "python",
        "postgres",
        "nginx",
    ]


def test_down_never_removes_what_is_external_or_somebody_elses(world: World) -> None:
    text = SHOP.replace("data: }", "data: {external: true, name: shop_data}}")
    plan = down_plan(graph(text), world.observed(), DownOptions(volumes=True))
    assert "RemoveVolume" not in str(plan)
    world.volumes["shop_data"].labels[labels.PROJECT] = "other"
    plan = down_plan(graph(), world.observed(), DownOptions(volumes=True))
    assert "RemoveVolume" not in str(plan)


def test_down_of_a_service_takes_its_dependents_along(world: World) -> None:
    options = DownOptions(("api",), volumes=True)
    assert lines(down_plan(graph(), world.observed(), options)) == [
        "1 StopContainer shop-web-1: service is taken down",
        "2 StopContainer shop-api-1 after 1: service is taken down",
        "3 RemoveContainer shop-web-1 after 1: service is taken down",
        "4 RemoveContainer shop-api-1 after 2: service is taken down",
        "5 RemoveNetwork shop_default after 3,4: project is taken down",
    ]


def test_down_takes_orphans_and_one_offs_only_when_asked(world: World) -> None:
    less = SHOP.replace("  web: ", "  x-web: ").replace("x-web:", "web2:")
    kept = down_plan(graph(less), world.observed(), DownOptions())
    assert "shop-web-1" not in str(kept)
    one_off = world.containers["shop-db-1"]._replace(
        id="e" * 64,
        name="shop-db-run-1",
        labels={**world.containers["shop-db-1"].labels, labels.ONEOFF: "True"},
    )
    world.containers["shop-db-run-1"] = one_off
    plan = down_plan(graph(less), world.observed(), DownOptions(remove_orphans=True))
    assert [line for line in lines(plan) if "web" in line or "run" in line] == [
        "5 StopContainer shop-web-1: service web is not in the files",
        "6 RemoveContainer shop-web-1 after 5: service web is not in the files",
        "7 StopContainer shop-db-run-1: it is a one-off container",
        "8 RemoveContainer shop-db-run-1 after 7: it is a one-off container",
    ]


def test_down_leaves_services_of_inactive_profiles_alone() -> None:
    text = "services: {web: {image: x}, tool: {image: x, profiles: [tools]}}"
    world = World()
    world.up(text, profiles=("tools",))
    plan = down_plan(graph(text), world.observed(), DownOptions(remove_orphans=True))
    assert "tool" not in str(plan)


def test_without_files_the_labels_tell_who_depends_on_whom(world: World) -> None:
    seen = of_labels(world.observed())
    plan = down_plan(seen, world.observed(), DownOptions(volumes=True))
    with_files = down_plan(graph(), world.observed(), DownOptions(volumes=True))
    assert str(plan) == str(with_files)
    assert lines(restart_plan(seen, world.observed(), RestartOptions(("api",)))) == [
        "1 RestartContainer shop-api-1: restart is asked for",
        "2 RestartContainer shop-web-1 after 1: api restarts",
    ]


def test_down_takes_along_what_an_interrupted_replacement_left(world: World) -> None:
    plan = world.plan(SHOP, options=UpOptions(recreate="force"))
    world.do(plan.steps[0].action)
    world.apply(down_plan(graph(), world.observed(), DownOptions()))
    assert world.containers == {}
