"""Replicas: how many, with which numbers, and what is refused."""

from __future__ import annotations

from tests.e2e.conftest import Compose

FILE = """
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    depends_on: [db]
  db:
    image: busybox
    init: true
    command: sleep 1000
"""


def webs(compose: Compose) -> list[str]:
    return sorted(name for name in compose.states() if "web" in name)


def test_scale_up_and_down_keeps_the_low_numbers(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d", "--scale", "web=3")
    ids = compose.ids()
    assert webs(compose) == ["demo-web-1", "demo-web-2", "demo-web-3"]
    compose("scale", "web=1")
    assert webs(compose) == ["demo-web-1"]
    assert compose.ids()["demo-web-1"] == ids["demo-web-1"]
    compose("scale", "web=2", "db=2")
    assert len(webs(compose)) == 2
    assert compose.states()["demo-db-2"] == "running"
    compose("up", "-d", "--scale", "web=0")
    assert webs(compose) == []


def test_replicas_of_the_file(compose: Compose) -> None:
    compose.write(FILE + "    deploy: {replicas: 2}\n")
    compose("up", "-d")
    assert set(compose.states()) == {"demo-db-1", "demo-db-2", "demo-web-1"}


def test_all_replicas_answer_to_the_service_s_name(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d", "--scale", "web=3")
    answer = compose("exec", "-T", "db", "nslookup", "web", "127.0.0.11")
    addresses = {line.split()[-1] for line in answer.splitlines() if line.startswith("Address")}
    assert len(addresses - {"127.0.0.11:53", "127.0.0.11"}) == 3


def test_what_cannot_be_scaled(compose: Compose) -> None:
    compose.write(FILE.replace("  db:\n", "  db:\n    container_name: only\n"))
    assert "container name" in compose.run("up", "-d", "--scale", "db=2").err
    assert compose.run("scale", "web").err == "invalid scale specifier: web\n"
    assert compose.run("scale", "web=x").err == 'strconv.Atoi: parsing "x": invalid syntax\n'
    assert compose.run("scale", "web=-1").code == 1
    assert compose.run("scale", "nobody=1").err == "no such service: nobody\n"
    assert compose.states() == {}


def test_no_deps_leaves_dependencies_alone(compose: Compose) -> None:
    compose.write(FILE)
    compose("scale", "--no-deps", "web=2")
    assert sorted(compose.states()) == ["demo-web-1", "demo-web-2"]
