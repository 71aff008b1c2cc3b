from __future__ import annotations

from typing import Any

import pytest

from engine.process import arguments, environment, healthcheck
from schemas.specs import ContainerSpec

IMAGE: dict[str, Any] = {
    "Entrypoint": ["/entry"],
    "Cmd": ["serve"],
    "Env": ["PATH=/bin", "A=1", "EMPTY="],
}


def spec(**keys: object) -> ContainerSpec:
    return {"name": "x", "image": "y", **keys}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("asked", "image", "run"),
    [
        ({}, IMAGE, ["/entry", "serve"]),
        ({"command": ["other"]}, IMAGE, ["/entry", "other"]),
        ({"command": []}, IMAGE, ["/entry"]),
        ({"entrypoint": ["/mine"]}, IMAGE, ["/mine"]),
        ({"entrypoint": ["/mine"], "command": ["x"]}, IMAGE, ["/mine", "x"]),
        ({"entrypoint": [""], "command": ["sh"]}, IMAGE, ["sh"]),
        ({"entrypoint": [], "command": ["sh"]}, IMAGE, ["sh"]),
        ({"entrypoint": []}, IMAGE, ["serve"]),
        ({"command": None, "entrypoint": None}, IMAGE, ["/entry", "serve"]),
        ({}, {"Cmd": ["sh"]}, ["sh"]),
        ({}, {}, []),
    ],
)
def test_an_asked_entrypoint_takes_the_images_command_away(
    asked: dict[str, object], image: dict[str, Any], run: list[str]
) -> None:
    assert arguments(spec(**asked), image) == run


def test_variables_override_the_images_and_none_takes_them_away() -> None:
    asked = spec(environment={"A": "2", "PATH": None, "NEW": "x=y"})
    assert environment(asked, IMAGE) == ["A=2", "EMPTY=", "NEW=x=y"]


def test_a_health_check_inherits_what_it_does_not_name() -> None:
    image = {"Healthcheck": {"Test": ["CMD", "a"], "Interval": 5_000_000_000, "Retries": 7}}
    assert healthcheck(spec(), image) == {"test": ["CMD", "a"], "interval": 5.0, "retries": 7}
    assert healthcheck(spec(healthcheck={"retries": 2}), image) == {
        "test": ["CMD", "a"],
        "interval": 5.0,
        "retries": 2,
    }


@pytest.mark.parametrize(
    ("asked", "image"),
    [
        ({}, {}),
        ({"healthcheck": {"test": ["NONE"]}}, {"Healthcheck": {"Test": ["CMD", "a"]}}),
        ({"healthcheck": {"interval": 3.0}}, {}),
        ({}, {"Healthcheck": {"Test": ["NONE"]}}),
    ],
)
def test_no_test_means_no_health_check(asked: dict[str, object], image: dict[str, Any]) -> None:
    assert healthcheck(spec(**asked), image) is None
