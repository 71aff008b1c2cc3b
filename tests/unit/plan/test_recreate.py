"""When ``up`` replaces containers, networks and volumes, why it says it does, and in which steps."""

from __future__ import annotations

from compose.plan.actions import CreateContainer, Plan, RemoveContainer
from compose.plan.options import UpOptions
from compose.plan.resources import changed_volumes
from schemas import labels
from tests.unit.plan.world import World, lines, wish

ONE = "services: {web: {image: nginx}}"
CHANGED = "services: {web: {image: nginx, environment: {A: b}, user: www}}"
FORCE = UpOptions(recreate="force")


def steps(cause: str) -> list[str]:
    """A plain replacement of shop-web-1."""
    return [
        f"1 CreateContainer TEMP_shop-web-1: {cause}",
        f"2 StopContainer shop-web-1 after 1: {cause}",
        f"3 RemoveContainer shop-web-1 after 2: {cause}",
        f"4 RenameContainer TEMP_shop-web-1 after 3: {cause}",
        "5 StartContainer shop-web-1 after 4: container is new",
    ]


def causes(plan: Plan) -> dict[str, str]:
    """Why which container is made, by service."""
    return {
        step.action.service: step.cause
        for step in plan.steps
        if isinstance(step.action, CreateContainer)
    }


def test_a_changed_configuration_says_what_has_changed() -> None:
    world = World()
    world.up(ONE)
    old = world.containers["shop-web-1"].id
    assert world.up(CHANGED) == steps("configuration changed: environment, user")
    assert world.containers["shop-web-1"].labels[labels.REPLACE] == old
    assert world.up(CHANGED) == []


def test_a_container_without_digests_has_just_changed() -> None:
    world = World()
    world.up(ONE)
    del world.containers["shop-web-1"].labels[labels.CONFIG_PARTS]
    assert world.up(CHANGED) == steps("configuration changed")


def test_what_does_not_concern_a_container_does_not_replace_it() -> None:
    world = World()
    world.up(ONE)
    text = """
    services:
      web:
        image: nginx
        depends_on: [db]
        profiles: []
        pull_policy: never
        build: .
        deploy: {replicas: 1}
        develop: {watch: [{path: ., action: rebuild}]}
      db: {image: x}
    """
    assert "web" not in "".join(world.up(text))


def test_a_new_build_of_the_image_replaces_the_container() -> None:
    world = World()
    world.up(ONE)
    assert world.up(ONE, build="2") == steps("image nginx changed")


def test_new_content_of_a_config_replaces_the_container() -> None:
    text = "services: {{web: {{image: nginx, configs: [c]}}}}\nconfigs: {{c: {{content: {}}}}}"
    world = World()
    world.up(text.format("one"))
    assert world.up(text.format("two")) == steps("content changed: configs/c")
    assert world.up(text.format("two")) == []


def test_a_network_that_the_container_is_not_on_replaces_it() -> None:
    world = World()
    world.up(ONE)
    world.set("shop-web-1", networks=())
    assert world.up(ONE) == steps("not connected to network shop_default")


def test_a_volume_of_another_name_replaces_the_container() -> None:
    text = 'services: {{web: {{image: nginx, volumes: ["data:/data"]}}}}\nvolumes: {{data: {{{}}}}}'
    world = World()
    world.up(text.format(""))
    assert world.up(text.format("name: other"))[1] == (
        "2 CreateContainer TEMP_shop-web-1 after 1: volume other is not mounted"
    )
    assert sorted(world.volumes) == ["other", "shop_data"]


def test_force_replaces_what_is_named_and_no_recreate_nothing() -> None:
    text = "services: {web: {image: nginx, depends_on: [db]}, db: {image: x}}"
    world = World()
    world.up(text)
    assert causes(world.plan(text, options=FORCE)) == {
        "web": "recreation is forced",
        "db": "recreation is forced",
    }
    named = UpOptions(services=("web",), recreate="force")
    assert list(causes(world.plan(text, services=("web",), options=named))) == ["web"]
    deps = UpOptions(services=("web",), recreate_deps="force")
    assert list(causes(world.plan(text, services=("web",), options=deps))) == ["db"]
    never = UpOptions(recreate="never", recreate_deps="never")
    assert world.up(text.replace("nginx", "nginx2"), options=never) == []


def test_anonymous_volumes_are_inherited_unless_they_are_to_be_renewed() -> None:
    text = "services: {web: {image: nginx, volumes: [/cache]}}"
    world = World()
    world.up(text)
    before = world.containers["shop-web-1"].mounts
    plan = world.plan(text, options=FORCE)
    assert [
        (step.action.inherit, step.action.spec["name"])
        for step in plan.steps
        if isinstance(step.action, CreateContainer)
    ] == [("shop-web-1", f"{world.containers['shop-web-1'].id[:12]}_shop-web-1")]
    world.apply(plan)
    assert world.containers["shop-web-1"].mounts == before
    renewing = world.plan(text, options=FORCE._replace(renew_anon_volumes=True))
    assert [
        step.action.volumes for step in renewing.steps if isinstance(step.action, RemoveContainer)
    ] == [True]
    world.apply(renewing)
    assert world.containers["shop-web-1"].mounts != before


def test_dependents_that_restart_with_their_dependency_stop_first_and_start_last() -> None:
    text = """
    services:
      web: {image: nginx, depends_on: {api: {condition: service_started, restart: true}}}
      api: {image: python, depends_on: {db: {condition: service_healthy, restart: true}}}
      db: {image: %s, healthcheck: {test: "true"}}
      other: {image: x, depends_on: [db]}
    """
    world = World()
    world.up(text % "one")
    assert world.up(text % "two") == [
        "1 StopContainer shop-web-1: service api, which web depends on, is recreated",
        "2 StopContainer shop-api-1 after 1: service db, which api depends on, is recreated",
        "3 CreateContainer TEMP_shop-db-1: configuration changed: image",
        "4 StopContainer shop-db-1 after 2,3: configuration changed: image",
        "5 RemoveContainer shop-db-1 after 4: configuration changed: image",
        "6 RenameContainer TEMP_shop-db-1 after 5: configuration changed: image",
        "7 StartContainer shop-db-1 after 6: container is new",
        "8 WaitFor db after 7: api needs service_healthy",
        "9 StartContainer shop-api-1 after 2,8: it was stopped for its dependency",
        "10 StartContainer shop-web-1 after 1,9: it was stopped for its dependency",
    ]


def test_whoever_shares_a_namespace_is_replaced_with_its_parent() -> None:
    text = """
    services:
      vpn: {image: %s}
      app: {image: x, network_mode: "service:vpn"}
      debug: {image: x, pid: "service:vpn", volumes_from: [app]}
    """
    world = World()
    world.up(text % "one")
    plan = world.plan(text % "two")
    assert causes(plan) == {
        "vpn": "configuration changed: image",
        "app": "shares the network of service vpn, whose container is new",
        "debug": "shares the processes of service vpn, whose container is new",
    }
    world.apply(plan)
    made = [step.action for step in plan.steps if isinstance(step.action, CreateContainer)]
    assert made[1].spec["network_mode"] == "container:shop-vpn-1"
    assert made[2].volumes_from == ("shop-app-1",)
    assert world.up(text % "two") == []
    del world.containers["shop-vpn-1"]
    assert causes(world.plan(text % "two"))["app"] == causes(plan)["app"]


def test_a_child_that_an_interruption_left_older_than_its_parent_is_replaced() -> None:
    text = 'services: {vpn: {image: x}, app: {image: x, network_mode: "service:vpn"}}'
    world = World()
    world.up(text)
    world.set("shop-vpn-1", created=world.containers["shop-app-1"].created + 1)
    assert list(causes(world.plan(text))) == ["app"]


def test_a_fixed_address_is_taken_from_the_old_container_first() -> None:
    text = """
    services: {web: {image: %s, networks: {default: {ipv4_address: 10.9.0.5}}}}
    networks: {default: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}
    """
    world = World()
    world.up(text % "one")
    assert world.up(text % "two") == [
        "1 StopContainer shop-web-1: configuration changed: image",
        "2 DisconnectContainer shop-web-1 after 1: configuration changed: image",
        "3 CreateContainer TEMP_shop-web-1 after 2: configuration changed: image",
        "4 RemoveContainer shop-web-1 after 3: configuration changed: image",
        "5 RenameContainer TEMP_shop-web-1 after 4: configuration changed: image",
        "6 StartContainer shop-web-1 after 5: container is new",
    ]


def test_two_services_can_swap_their_fixed_addresses() -> None:
    text = """
    services:
      a: {{image: x, networks: {{default: {{ipv4_address: {}}}}}}}
      b: {{image: x, networks: {{default: {{ipv4_address: {}}}}}}}
    networks: {{default: {{ipam: {{config: [{{subnet: 10.9.0.0/24}}]}}}}}}
    """
    world = World()
    world.up(text.format("10.9.0.5", "10.9.0.6"))
    created = [
        line for line in world.up(text.format("10.9.0.6", "10.9.0.5")) if "CreateContainer" in line
    ]
    assert created == [
        "5 CreateContainer TEMP_shop-a-1 after 2,4: configuration changed: networks",
        "8 CreateContainer TEMP_shop-b-1 after 2,4: configuration changed: networks",
    ]


NETWORK = """
services: {web: {image: nginx}, db: {image: x}}
networks: {default: {internal: %s}}
"""


def test_a_changed_network_is_made_anew_with_its_containers() -> None:
    world = World()
    world.up(NETWORK % "false")
    world.set("shop-db-1", state="exited")
    assert world.up(NETWORK % "true") == [
        "1 StopContainer shop-web-1: network shop_default is made anew",
        "2 DisconnectContainer shop-web-1 after 1: network shop_default is made anew",
        "3 DisconnectContainer shop-db-1: network shop_default is made anew",
        "4 RemoveNetwork shop_default after 2,3: definition of network default changed",
        "5 CreateNetwork shop_default after 4: definition of network default changed",
        "6 CreateContainer TEMP_shop-db-1 after 3,5: network shop_default is made anew",
        "7 RemoveContainer shop-db-1 after 6: network shop_default is made anew",
        "8 RenameContainer TEMP_shop-db-1 after 7: network shop_default is made anew",
        "9 CreateContainer TEMP_shop-web-1 after 2,5: network shop_default is made anew",
        "10 RemoveContainer shop-web-1 after 9: network shop_default is made anew",
        "11 RenameContainer TEMP_shop-web-1 after 10: network shop_default is made anew",
        "12 StartContainer shop-db-1 after 8: container is new",
        "13 StartContainer shop-web-1 after 11: container is new",
    ]


def test_a_changed_network_stays_while_others_are_on_it() -> None:
    world = World()
    world.up(NETWORK % "false")
    plan = world.plan(NETWORK % "true", services=("web",))
    assert str(plan) == ""
    assert plan.warnings == (
        "network shop_default has changed, but stays as it is while other containers are connected to it (shop-db-1)",
    )


def test_a_label_of_a_network_can_change_without_consequences() -> None:
    text = "services: {web: {image: nginx}}\nnetworks: {default: {labels: {a: %s}}}"
    world = World()
    world.up(text % "b")
    assert world.up(text % "c") == []


VOLUME = """
services: {web: {image: nginx, volumes: ["data:/data", "/cache"]}}
volumes: {data: {driver_opts: {type: %s}}}
"""


def test_a_changed_volume_stays_unless_its_loss_was_agreed_to() -> None:
    world = World()
    world.up(VOLUME % "none")
    assert changed_volumes(wish(VOLUME % "tmpfs"), world.observed()) == ["shop_data"]
    plan = world.plan(VOLUME % "tmpfs")
    assert str(plan) == ""
    assert "".join(plan.warnings) == (
        'Volume "shop_data" exists but doesn\'t match configuration in compose file.'
        " It stays as it is, because its data would be lost"
    )
    anonymous = world.containers["shop-web-1"].mounts[1]
    agreed = UpOptions(replace_volumes=frozenset({"shop_data"}))
    assert world.up(VOLUME % "tmpfs", options=agreed) == [
        "1 StopContainer shop-web-1: volume shop_data is made anew",
        "2 RemoveContainer shop-web-1 after 1: volume shop_data is made anew",
        "3 RemoveVolume shop_data after 2: definition of volume data changed",
        "4 CreateVolume shop_data after 3: definition of volume data changed",
        "5 CreateContainer shop-web-1 after 2,4: volume shop_data is made anew",
        "6 StartContainer shop-web-1 after 5: container is new",
    ]
    assert world.containers["shop-web-1"].mounts[1] == anonymous


def interrupted_after(count: int) -> World:
    """A world in which the replacement of shop-web-1 was interrupted after some steps."""
    world = World()
    world.up(ONE)
    for step in world.plan(CHANGED).steps[:count]:
        world.do(step.action)
    return world


def test_a_replacement_that_was_interrupted_is_finished() -> None:
    begun = "a replacement was begun"
    assert interrupted_after(1).up(CHANGED) == [
        f"1 StopContainer shop-web-1: {begun}",
        f"2 RemoveContainer shop-web-1 after 1: {begun}",
        f"3 RenameContainer TEMP_shop-web-1 after 2: {begun}",
        "4 StartContainer shop-web-1 after 3: container is new",
    ]
    assert interrupted_after(2).up(CHANGED) == [
        f"1 RemoveContainer shop-web-1: {begun}",
        f"2 RenameContainer TEMP_shop-web-1 after 1: {begun}",
        "3 StartContainer shop-web-1 after 2: container is new",
    ]
    assert interrupted_after(3).up(CHANGED) == [
        f"1 RenameContainer TEMP_shop-web-1: {begun}",
        "2 StartContainer shop-web-1 after 1: container is created",
    ]
    assert interrupted_after(4).up(CHANGED) == ["1 StartContainer shop-web-1: container is created"]


def test_a_replacement_that_was_interrupted_is_undone_when_it_is_out_of_date() -> None:
    late = "a replacement was begun that is out of date"
    assert interrupted_after(1).up(ONE) == [f"1 RemoveContainer TEMP_shop-web-1: {late}"]
    third = "services: {web: {image: nginx, user: me}}"
    cause = "configuration changed: user"
    assert interrupted_after(1).up(third) == [
        f"1 RemoveContainer TEMP_shop-web-1: {late}",
        f"2 CreateContainer TEMP_shop-web-1 after 1: {cause}",
        f"3 StopContainer shop-web-1 after 2: {cause}",
        f"4 RemoveContainer shop-web-1 after 3: {cause}",
        f"5 RenameContainer TEMP_shop-web-1 after 4: {cause}",
        "6 StartContainer shop-web-1 after 5: container is new",
    ]


def test_a_new_container_name_replaces_the_container() -> None:
    world = World()
    world.up(ONE)
    text = "services: {web: {image: nginx, container_name: front}}"
    assert lines(world.plan(text))[3:] == [
        "4 RenameContainer TEMP_front after 3: configuration changed: container_name",
        "5 StartContainer front after 4: container is new",
    ]
    world.up(text)
    assert list(world.containers) == ["front"]
