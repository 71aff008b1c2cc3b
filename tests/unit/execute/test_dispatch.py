"""What a plan's steps look like to whoever watches, and what a new container takes over from the old one."""

from __future__ import annotations

import typing

from compose.execute.dispatch import DEEDS, Replacement, replacements
from compose.execute.mounts import inherited
from compose.execute.stack import DEEDS as STACK_DEEDS
from compose.plan import actions, service_actions
from compose.plan.actions import (
    CreateContainer,
    Plan,
    RemoveContainer,
    RenameContainer,
    StartContainer,
    Step,
    StopContainer,
)
from schemas.specs import ContainerSpec


def test_every_action_has_a_deed() -> None:
    services = set(typing.get_args(service_actions.ServiceAction))
    containers = set(typing.get_args(actions.Action)) - services
    assert containers - {actions.WaitFor} == set(DEEDS)
    shared = {actions.CreateNetwork, actions.RemoveNetwork}
    assert (services - {service_actions.WaitForService}) | shared == set(STACK_DEEDS)


def test_the_steps_that_replace_a_container_are_shown_as_one() -> None:
    spec: ContainerSpec = {"name": "0123_demo-web-1", "image": "i"}
    plan = Plan(
        (
            Step(1, CreateContainer("web", spec, inherit="demo-web-1"), (), "", "web-1"),
            Step(2, StopContainer("web", "demo-web-1"), (1,), "", "web-1"),
            Step(3, RemoveContainer("web", "demo-web-1"), (2,), "", "web-1"),
            Step(4, RenameContainer("web", "0123_demo-web-1", "demo-web-1"), (3,), "", "web-1"),
            Step(5, StartContainer("web", "demo-web-1"), (4,), ""),
        )
    )
    assert replacements(plan) == {"web-1": Replacement("Container demo-web-1", 1, 4)}


def test_anonymous_volumes_go_to_the_same_mount_points_unless_something_else_is_mounted_there() -> (
    None
):
    spec: ContainerSpec = {
        "name": "c",
        "image": "i",
        "mounts": [
            {"type": "volume", "target": "/declared"},
            {"type": "volume", "target": "/named", "source": "data"},
            {"type": "tmpfs", "target": "/tmp"},
        ],
    }
    old = {"/declared": "aaa", "/named": "bbb", "/tmp": "ccc", "/image": "ddd"}
    assert inherited(spec, old)["mounts"] == [
        {"type": "volume", "target": "/declared", "source": "aaa"},
        {"type": "volume", "target": "/named", "source": "data"},
        {"type": "tmpfs", "target": "/tmp"},
        {"type": "volume", "target": "/image", "source": "ddd"},
    ]
    assert "source" not in spec["mounts"][0]
