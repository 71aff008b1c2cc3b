"""What ``up`` does, as the plan's text: from nothing, again, with more or fewer containers, with things that stopped."""

from __future__ import annotations

import pytest

from compose.plan.options import UpOptions
from schemas.errors import Conflict, NotFound, UsageError
from schemas.records import NetworkInfo, PortBinding, VolumeInfo
from tests.unit.plan.world import World, lines

SHOP = """
services:
  web:
    image: nginx
    ports: ["8080:80"]
    depends_on: {api: {condition: service_healthy}}
    networks: [front, back]
  api:
    image: python
    healthcheck: {test: "true"}
    depends_on: {db: {condition: service_started}, migrate: {condition: service_completed_successfully}}
    networks: [back]
  migrate:
    image: python
    depends_on: [db]
    networks: [back]
  db:
    image: postgres
    volumes: ["data:/data", /cache]
    networks: [back]
networks: {front: , back: {internal: true}}
volumes: {data: }
"""
ONE = "services: {web: {image: nginx}}"


def test_the_first_up_makes_everything_and_starts_it_in_order_of_dependency() -> None:
    assert World(one_shot=("migrate",)).up(SHOP) == [
        "1 CreateNetwork shop_back: network back does not exist",
        "2 CreateNetwork shop_front: network front does not exist",
        "3 CreateVolume shop_data: volume data does not exist",
        "4 CreateContainer shop-db-1 after 1,3: service db does not exist",
        "5 CreateContainer shop-migrate-1 after 1: service migrate does not exist",
        "6 CreateContainer shop-api-1 after 1: service api does not exist",
        "7 CreateContainer shop-web-1 after 1,2: service web does not exist",
        "8 StartContainer shop-db-1 after 4: container is new",
        "9 StartContainer shop-migrate-1 after 5,8: container is new",
        "10 WaitFor migrate after 9: api needs service_completed_successfully",
        "11 StartContainer shop-api-1 after 6,8,10: container is new",
        "12 WaitFor api after 11: web needs service_healthy",
        "13 StartContainer shop-web-1 after 7,12: container is new",
    ]


def test_a_second_up_does_nothing() -> None:
    world = World()
    text = SHOP.replace("service_completed_successfully", "service_started")
    world.up(text)
    assert world.up(text) == []


def test_a_service_that_has_done_its_work_does_it_again_and_is_waited_for() -> None:
    world = World(one_shot=("migrate",))
    world.up(SHOP)
    assert world.up(SHOP) == [
        "1 StartContainer shop-migrate-1: container has exited (0)",
        "2 WaitFor migrate after 1: api needs service_completed_successfully",
    ]


def test_what_stopped_is_started_and_waits_only_for_what_is_not_ready() -> None:
    world = World(one_shot=("migrate",))
    world.up(SHOP)
    world.set("shop-web-1", state="exited", exit_code=137)
    assert [line for line in world.up(SHOP) if "web" in line] == [
        "3 StartContainer shop-web-1: container has exited (137)"
    ]
    world.set("shop-web-1", state="created")
    world.set("shop-api-1", health="starting")
    assert [line for line in lines(world.plan(SHOP)) if "web" in line] == [
        "3 WaitFor api: web needs service_healthy",
        "4 StartContainer shop-web-1 after 3: container is created",
    ]


def test_what_another_command_has_told_to_stop_is_started() -> None:
    world = World(one_shot=("migrate",))
    world.up(SHOP)
    world.set("shop-web-1", stopping=True)
    assert [line for line in lines(world.plan(SHOP)) if "web" in line] == [
        "3 StartContainer shop-web-1: container is being stopped"
    ]


def test_create_starts_nothing_and_up_starts_what_was_created() -> None:
    world = World()
    create = UpOptions(start=False)
    assert world.up(ONE, options=create) == [
        "1 CreateNetwork shop_default: network default does not exist",
        "2 CreateContainer shop-web-1 after 1: service web does not exist",
    ]
    assert world.up(ONE, options=create) == []
    assert world.up(ONE) == ["1 StartContainer shop-web-1: container is created"]


def test_new_replicas_take_the_numbers_after_the_highest() -> None:
    world = World()
    world.up(ONE, scale={"web": 3})
    del world.containers["shop-web-1"]
    assert world.up(ONE, scale={"web": 4}) == [
        "1 CreateContainer shop-web-4: service web is scaled to 4",
        "2 CreateContainer shop-web-5: service web is scaled to 4",
        "3 StartContainer shop-web-4 after 1: container is new",
        "4 StartContainer shop-web-5 after 2: container is new",
    ]


def test_scaling_down_removes_the_highest_numbers() -> None:
    world = World()
    world.up(ONE, scale={"web": 3})
    assert world.up(ONE, scale={"web": 1}) == [
        "1 StopContainer shop-web-3: service web is scaled to 1",
        "2 RemoveContainer shop-web-3 after 1: service web is scaled to 1",
        "3 StopContainer shop-web-2: service web is scaled to 1",
        "4 RemoveContainer shop-web-2 after 3: service web is scaled to 1",
    ]


def test_scaling_down_removes_what_is_obsolete_before_what_is_not() -> None:
    world = World()
    world.up(ONE, scale={"web": 2})
    newer = "services: {web: {image: nginx, environment: {A: b}}}"
    world.up(newer, scale={"web": 4}, options=UpOptions(recreate="never"))
    assert [line for line in world.up(newer, scale={"web": 2}) if "Remove" in line] == [
        "2 RemoveContainer shop-web-2 after 1: service web is scaled to 2",
        "4 RemoveContainer shop-web-1 after 3: service web is scaled to 2",
    ]
    assert sorted(world.containers) == ["shop-web-3", "shop-web-4"]


def test_a_service_scaled_to_zero_is_removed_and_not_waited_for() -> None:
    world = World()
    text = SHOP.replace("service_completed_successfully", "service_started")
    world.up(text)
    assert world.up(text, scale={"api": 0}) == [
        "1 StopContainer shop-api-1: service api is scaled to 0",
        "2 RemoveContainer shop-api-1 after 1: service api is scaled to 0",
    ]
    world.set("shop-web-1", state="exited")
    assert world.up(text, scale={"api": 0}) == [
        "1 StartContainer shop-web-1: container has exited (0)"
    ]


def test_a_container_of_its_own_name_cannot_be_scaled() -> None:
    with pytest.raises(UsageError, match="custom container name"):
        World().up("services: {web: {image: nginx, container_name: w}}", scale={"web": 2})


def test_naming_a_service_brings_up_that_one_and_its_dependencies_only() -> None:
    world = World()
    world.up(SHOP, services=("db",))
    assert list(world.containers) == ["shop-db-1"]
    assert list(world.networks) == ["shop_back"]
    assert world.plan(SHOP, services=("db",)).warnings == ()


def test_no_deps_brings_up_the_named_service_alone_and_waits_for_nothing() -> None:
    world = World()
    assert world.up(SHOP, services=("web",), no_deps=True) == [
        "1 CreateNetwork shop_back: network back does not exist",
        "2 CreateNetwork shop_front: network front does not exist",
        "3 CreateContainer shop-web-1 after 1,2: service web does not exist",
        "4 StartContainer shop-web-1 after 3: container is new",
    ]
    text = SHOP.replace("service_completed_successfully", "service_started")
    world.up(text, services=("db",))
    assert not [line for line in world.up(text) if "shop-web-1" in line]


def test_an_optional_dependency_is_waited_for_as_one_and_a_disabled_one_not_at_all() -> None:
    text = """
    services:
      web:
        image: nginx
        depends_on: {db: {condition: service_healthy, required: false}}
      db: {image: postgres, healthcheck: {test: "true"}, profiles: [data]}
    """
    plan = World().plan(text, profiles=("data",))
    waits = [step.action for step in plan.steps if type(step.action).__name__ == "WaitFor"]
    assert [(wait.service, wait.required) for wait in waits] == [("db", False)]  # type: ignore[union-attr]
    assert "db" not in str(World().plan(text))


def test_two_dependents_with_the_same_condition_share_a_wait() -> None:
    text = """
    services:
      a: {image: x, depends_on: {db: {condition: service_healthy}}}
      b: {image: x, depends_on: {db: {condition: service_healthy}}}
      db: {image: postgres, healthcheck: {test: "true"}}
    """
    assert World().up(text)[-4:] == [
        "5 StartContainer shop-db-1 after 2: container is new",
        "6 WaitFor db after 5: a needs service_healthy",
        "7 StartContainer shop-a-1 after 3,6: container is new",
        "8 StartContainer shop-b-1 after 4,6: container is new",
    ]


def test_orphans_are_named_or_removed_or_ignored() -> None:
    world = World()
    world.up(ONE)
    other = "services: {api: {image: python}}"
    plan = world.plan(other)
    assert "".join(plan.warnings) == (
        "Found orphan containers ([shop-web-1]) for this project. If you removed or renamed this service in your compose"
        " file, you can run this command with the --remove-orphans flag to clean it up."
    )
    assert world.plan(other, options=UpOptions(ignore_orphans=True)).warnings == ()
    assert world.up(other, options=UpOptions(remove_orphans=True)) == [
        "1 StopContainer shop-web-1: service web is not in the files",
        "2 RemoveContainer shop-web-1 after 1: service web is not in the files",
        "3 CreateContainer shop-api-1 after 2: service api does not exist",
        "4 StartContainer shop-api-1 after 3: container is new",
    ]


def test_a_service_that_its_profile_switches_off_leaves_no_orphans() -> None:
    world = World()
    text = "services: {web: {image: nginx}, tool: {image: x, profiles: [tools]}}"
    world.up(text, profiles=("tools",))
    plan = world.plan(text)
    assert (str(plan), plan.warnings) == ("", ())


def test_a_start_waits_until_the_host_port_is_free() -> None:
    world = World()
    world.up('services: {a: {image: x, ports: ["80:80"]}, b: {image: x}}')
    assert world.containers["shop-a-1"].ports == (PortBinding("", 80, 80, "tcp"),)
    assert world.up('services: {a: {image: x}, b: {image: x, ports: ["80:80"]}}') == [
        "1 CreateContainer TEMP_shop-a-1: configuration changed: ports",
        "2 StopContainer shop-a-1 after 1: configuration changed: ports",
        "3 RemoveContainer shop-a-1 after 2: configuration changed: ports",
        "4 RenameContainer TEMP_shop-a-1 after 3: configuration changed: ports",
        "5 CreateContainer TEMP_shop-b-1: configuration changed: ports",
        "6 StopContainer shop-b-1 after 5: configuration changed: ports",
        "7 RemoveContainer shop-b-1 after 6: configuration changed: ports",
        "8 RenameContainer TEMP_shop-b-1 after 7: configuration changed: ports",
        "9 StartContainer shop-a-1 after 4: container is new",
        "10 StartContainer shop-b-1 after 2,8: container is new",
    ]


def test_a_paused_container_is_left_alone_with_a_warning() -> None:
    world = World()
    world.up(ONE)
    world.set("shop-web-1", state="paused")
    plan = world.plan(ONE)
    assert (str(plan), plan.warnings) == ("", ("container shop-web-1 is paused",))


def test_external_networks_and_volumes_must_be_there() -> None:
    network = (
        "services: {web: {image: x, networks: [n]}}\nnetworks: {n: {external: true, name: corp}}"
    )
    volume = 'services: {web: {image: x, volumes: ["v1:/v"]}}\nvolumes: {v1: {external: true}}'
    world = World()
    with pytest.raises(NotFound, match="network corp declared as external, but could not be found"):
        world.up(network)
    with pytest.raises(NotFound, match='external volume "v1" not found'):
        world.up(volume)
    world.networks["corp"] = NetworkInfo("c" * 64, "corp", "bridge", {}, False, (), (), 0.0)
    world.volumes["v1"] = VolumeInfo("v1", "local", {}, "", 0.0)
    assert world.up(network)[0] == "1 CreateContainer shop-web-1: service web does not exist"
    world.up(volume)
    assert world.containers["shop-web-1"].mounts[0].source == "v1"


def test_a_network_or_volume_of_somebody_else_is_said_to_be_so() -> None:
    text = 'services: {web: {image: x, volumes: ["v1:/v"]}}\nvolumes: {v1: }'
    world = World()
    world.volumes["shop_v1"] = VolumeInfo("shop_v1", "local", {}, "", 0.0)
    assert "".join(world.plan(text).warnings) == (
        'volume "shop_v1" already exists but was not created by Docker Compose.'
        " Use `external: true` to use an existing volume"
    )
    world.networks["shop_default"] = NetworkInfo(
        "d" * 64,
        "shop_default",
        "bridge",
        {"com.docker.compose.project": "other"},
        False,
        (),
        (),
        0.0,
    )
    with pytest.raises(Conflict, match=r'has incorrect label [a-z.]+network set to ""'):
        world.plan(text)
