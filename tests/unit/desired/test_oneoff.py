"""The container of ``run``: a service's, with what the command line changes."""

from __future__ import annotations

import pytest

from compose.desired import desire
from compose.oneoff import RunOptions, run_spec
from schemas import labels
from schemas.errors import UsageError
from schemas.specs import ContainerSpec
from tests.support.projects import project

FILE = """
services:
  web:
    image: nginx
    command: serve
    restart: always
    ports: ["80:80"]
    environment: {A: "1", B: "2"}
    cap_drop: [NET_RAW]
    volumes: ["data:/data"]
    networks: {default: {aliases: [site]}}
volumes: {data: }
"""
SLUG = "0123456789abcdef" * 4


def run(*command: str, **options: object) -> ContainerSpec:
    desired = desire(project(FILE), images={})
    return run_spec(desired, "web", RunOptions(command, **options), slug=SLUG)  # type: ignore[arg-type]


def test_a_one_off_has_a_name_and_labels_of_its_own_and_never_restarts() -> None:
    spec = run()
    assert spec["name"] == "shop-web-run-0123456789ab"
    assert (spec["labels"][labels.ONEOFF], spec["labels"][labels.SLUG]) == ("True", SLUG)
    assert "restart" not in spec
    assert run(name="mine")["name"] == "mine"


def test_the_command_line_replaces_the_command_and_an_entrypoint_drops_it() -> None:
    assert run()["command"] == ["serve"]
    assert run("sh", "-c", "x")["command"] == ["sh", "-c", "x"]
    spec = run(entrypoint=("/entry",))
    assert (spec["entrypoint"], spec.get("command")) == (["/entry"], None)


def test_ports_are_published_only_when_asked_for() -> None:
    assert run()["ports"] == []
    assert run(service_ports=True)["ports"] == [{"target": 80, "protocol": "tcp", "published": 80}]
    port = {"target": 90, "published": "91", "protocol": "tcp"}
    assert run(ports=(port,))["ports"] == [{"target": 90, "protocol": "tcp", "published": 91}]


def test_a_one_off_answers_to_the_services_names_only_when_asked_to() -> None:
    own = "shop-web-run-0123456789ab"
    assert run()["endpoints"][0]["aliases"] == [own]
    assert run(use_aliases=True)["endpoints"][0]["aliases"] == [own, "web", "site"]


def test_environment_labels_user_and_mounts_add_to_the_services() -> None:
    spec = run(
        environment={"B": "3", "C": "4"},
        labels={"x": "y"},
        user="me",
        working_dir="/w",
        volumes=({"type": "bind", "source": "/h", "target": "/c"},),
        tty=True,
        stdin=True,
        auto_remove=True,
    )
    assert spec["environment"] == {"A": "1", "B": "3", "C": "4"}
    assert spec["labels"]["x"] == "y"
    assert (spec["user"], spec["working_dir"]) == ("me", "/w")
    assert [mount["target"] for mount in spec["mounts"]] == ["/data", "/c"]
    assert (spec["tty"], spec["stdin_open"], spec["stdin_once"]) == (True, True, True)
    assert spec["auto_remove"] is True


def test_a_capability_that_is_added_is_dropped_no_more() -> None:
    spec = run(cap_add=("NET_RAW",))
    assert (spec["cap_add"], spec["cap_drop"]) == (["NET_RAW"], [])


def test_an_unknown_service_is_an_error() -> None:
    desired = desire(project(FILE), images={})
    with pytest.raises(UsageError, match="no such service: nix"):
        run_spec(desired, "nix", RunOptions())
