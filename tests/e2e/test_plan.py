"""``plan``: every step, its cause and the fields that differ; nothing is changed; the exit code tells of work."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.conftest import Compose

FILE = """
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    environment: {MODE: MODE_VALUE}
    volumes: [data:/data]
    depends_on: [db]
    networks: [front]
    configs: [motd]
  db:
    image: busybox
    init: true
    command: sleep 1000
    networks: [front]
networks:
  front:
    internal: true
volumes:
  data:
    labels: {keep: "yes"}
configs:
  motd:
    content: CONTENT
"""


def steps(compose: Compose, *words: str, code: int = 2) -> dict[str, Any]:
    done = compose.run("plan", "--format", "json", *words)
    assert done.code == code, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def fields(plan: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        change["field"]: (change["old"], change["new"])
        for step in plan["steps"]
        for change in step["fields"]
    }


def test_the_exit_code_says_whether_there_is_something_to_do(compose: Compose) -> None:
    compose.write(FILE)
    done = compose.run("plan")
    assert done.code == 2
    assert "+ create container  demo-web-1" in done.out
    assert "service web does not exist" in done.out
    assert compose.states() == {}
    compose("up", "-d")
    done = compose.run("plan")
    assert (done.code, done.out.split(":")[0]) == (0, "Nothing to do")
    compose("stop", "db", "-t", "0")
    done = compose.run("plan")
    assert done.code == 2
    assert "> start container  demo-db-1" in done.out
    assert compose.run("plan", "nobody").code == 1
    compose.write(FILE.replace("busybox", "no-such-image", 1).replace("sleep", "true", 1))
    assert compose.run("plan", "--pull", "never").code == 1


def test_fields_that_differ_are_shown_old_and_new(compose: Compose) -> None:
    compose.write(FILE.replace("MODE_VALUE", "slow"))
    compose("up", "-d")
    ids = compose.ids()
    compose.write(
        FILE.replace("MODE_VALUE", "fast")
        .replace("CONTENT", "new words")
        .replace("    configs: [motd]", "    configs: [motd]\n    working_dir: /tmp")
    )
    plan = steps(compose)
    found = fields(plan)
    assert found["environment.MODE"] == ("slow", "fast")
    assert found["working_dir"] == (None, "/tmp")
    old, new = found["content.configs/motd"]
    assert old != new
    assert set(found) == {"content.configs/motd", "environment.MODE", "working_dir"}
    assert {step["group"] for step in plan["steps"] if step["fields"]} == {"demo-web-1"}
    text = compose.run("plan").out
    assert 'environment.MODE: "slow" → "fast"' in text
    assert "1 container to replace" in text
    assert "new words" not in text
    assert "\033[" in compose.run("--ansi", "always", "plan").out
    assert "\033[" not in text
    assert compose.ids() == ids


def test_flags_of_up_decide_what_is_planned(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    forced = steps(compose, "--force-recreate", "db")["steps"]
    assert forced[0]["cause"] == "recreation is forced"
    scaled = steps(compose, "--scale", "db=2")["steps"]
    assert {step["subject"] for step in scaled} == {"Container demo-db-2"}
    compose.write(FILE.replace("  db:", "  store:").replace("[db]", "[store]"))
    assert steps(compose)["warnings"]
    gone = steps(compose, "--remove-orphans")
    assert "remove container" in {step["action"] for step in gone["steps"]}


def test_networks_and_volumes_that_are_made_anew_say_why(compose: Compose) -> None:
    compose.write(FILE)
    compose("up", "-d")
    compose.write(
        FILE.replace("internal: true", "internal: false").replace(
            'labels: {keep: "yes"}', "driver_opts: {type: tmpfs, device: tmpfs}"
        )
    )
    assert "data would be lost" in " ".join(steps(compose)["warnings"])
    found = fields(steps(compose, "-y"))
    assert found["internal"][0] is True
    assert not found["internal"][1]
    assert found["driver_opts.type"] == (None, "tmpfs")


def test_images_that_would_be_pulled_or_built_are_named(compose: Compose) -> None:
    compose.write("services:\n  a:\n    build: .\n  b:\n    image: registry.invalid/x:1\n")
    compose.write("FROM busybox\n", "Dockerfile")
    plan = steps(compose)
    assert {(each["kind"], each["service"]) for each in plan["supplies"]} == {
        ("build", "a"),
        ("pull", "b"),
    }
    assert "build image  demo-a" in compose.run("plan").out
