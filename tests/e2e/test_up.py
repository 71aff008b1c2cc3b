"""``up -d``: what is made, what is left alone, what is made anew, and what is refused before anything is made."""

from __future__ import annotations

import socket

import pytest

from tests.e2e.conftest import Compose

TWO = """
services:
  db:
    image: busybox
    init: true
    command: sleep 1000
  web:
    image: busybox
    init: true
    command: sleep 1000
    depends_on: [db]
    volumes: [data:/data]
volumes:
  data:
"""


def progress(compose: Compose, *words: str) -> list[str]:
    """The progress lines of a command that must succeed."""
    done = compose.run(*words)
    assert done.code == 0, done.err
    return [" ".join(line.split()) for line in done.err.splitlines()]


def test_everything_is_made_and_said_in_the_words_of_docker_compose(compose: Compose) -> None:
    compose.write(TWO)
    said = progress(compose, "up", "-d")
    for name in ("Network demo_default", "Volume demo_data"):
        assert [line for line in said if name in line] == [f"{name} Creating", f"{name} Created"]
    for name in ("demo-db-1", "demo-web-1"):
        words = [line.split()[-1] for line in said if line.startswith(f"Container {name} ")]
        assert words == ["Creating", "Created", "Starting", "Started"]
    assert said.index("Container demo-db-1 Started") < said.index("Container demo-web-1 Starting")
    assert compose.states() == {"demo-db-1": "running", "demo-web-1": "running"}


def test_a_second_up_changes_nothing(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d")
    ids = compose.ids()
    assert progress(compose, "up", "-d") == [
        "Container demo-db-1 Running",
        "Container demo-web-1 Running",
    ]
    assert compose.ids() == ids


def test_only_what_has_changed_is_made_anew(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d")
    before = compose.ids()
    compose.write(
        TWO.replace("volumes: [data:/data]", "volumes: [data:/data]\n    environment: {A: b}")
    )
    said = progress(compose, "up", "-d")
    after = compose.ids()
    assert after["demo-db-1"] == before["demo-db-1"]
    assert after["demo-web-1"] != before["demo-web-1"]
    assert [line for line in said if "demo-web-1" in line] == [
        "Container demo-web-1 Recreate",
        "Container demo-web-1 Recreated",
        "Container demo-web-1 Starting",
        "Container demo-web-1 Started",
    ]
    assert compose("exec", "-T", "web", "sh", "-c", "echo $A").strip() == "b"


def test_a_stopped_container_is_started_as_it_is(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d")
    before = compose.ids()
    compose("stop", "-t", "0")
    assert set(compose.states().values()) == {"exited"}
    compose("up", "-d")
    assert set(compose.states().values()) == {"running"}
    assert compose.ids() == before


def test_force_recreate_and_no_recreate(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d")
    first = compose.ids()
    compose("up", "-d", "--force-recreate", "-t", "0")
    second = compose.ids()
    assert not set(first.values()) & set(second.values())
    compose.write(TWO.replace("sleep 1000", "sleep 2000"))
    compose("up", "-d", "--no-recreate")
    assert compose.ids() == second


def test_force_recreate_of_one_leaves_its_dependency(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d")
    before = compose.ids()
    compose("up", "-d", "--force-recreate", "-t", "0", "web")
    after = compose.ids()
    assert (
        after["demo-db-1"] == before["demo-db-1"],
        after["demo-web-1"] == before["demo-web-1"],
    ) == (
        True,
        False,
    )
    compose("up", "-d", "--force-recreate", "--always-recreate-deps", "-t", "0", "web")
    assert compose.ids()["demo-db-1"] != before["demo-db-1"]


def test_anonymous_volumes_survive_a_recreation_unless_renewed(compose: Compose) -> None:
    compose.write(
        "services:\n  web:\n    image: busybox\n    init: true\n    command: sleep 1000\n    volumes: [/cache]\n"
    )
    compose("up", "-d")
    compose("exec", "-T", "web", "sh", "-c", "echo kept > /cache/file")
    compose("up", "-d", "--force-recreate", "-t", "0")
    assert compose("exec", "-T", "web", "cat", "/cache/file").strip() == "kept"
    compose("up", "-d", "--force-recreate", "-V", "-t", "0")
    assert compose("exec", "-T", "web", "ls", "/cache").strip() == ""


def test_named_services_bring_their_dependencies_unless_no_deps(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d", "--no-deps", "web")
    assert set(compose.states()) == {"demo-web-1"}
    compose("down", "-t", "0")
    compose("up", "-d", "web")
    assert set(compose.states()) == {"demo-db-1", "demo-web-1"}


def test_no_start_and_create_make_without_starting(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "--no-start")
    assert set(compose.states().values()) == {"created"}
    compose("down")
    compose("create")
    assert set(compose.states().values()) == {"created"}
    compose("start")
    assert set(compose.states().values()) == {"running"}


def test_orphans_are_told_of_and_removed_on_request(compose: Compose) -> None:
    compose.write(TWO)
    compose("up", "-d")
    compose.write("services:\n  db:\n    image: busybox\n    init: true\n    command: sleep 1000\n")
    done = compose.run("up", "-d")
    assert done.code == 0
    assert "orphan" in done.err
    assert "demo-web-1" in done.err
    assert "orphan" not in compose.run("up", "-d", COMPOSE_IGNORE_ORPHANS="1").err
    compose("up", "-d", "--remove-orphans")
    assert set(compose.states()) == {"demo-db-1"}


def test_dry_run_prints_every_step_and_its_cause_and_makes_nothing(compose: Compose) -> None:
    compose.write(TWO)
    plan = compose("--dry-run", "up", "-d").splitlines()
    assert plan[0].split() == ["STEP", "ACTION", "OF", "AFTER", "BECAUSE"]
    assert [line for line in plan if "create container" in line and "demo-web-1" in line]
    assert compose.states() == {}
    assert compose("up", "-d", "--dry-run") == "\n".join(plan) + "\n"
    compose("up", "-d")
    assert compose("--dry-run", "up", "-d") == "Nothing to do.\n"
    assert "stop container" in compose("--dry-run", "down")
    assert set(compose.states().values()) == {"running"}


def test_json_progress(compose: Compose) -> None:
    import json

    compose.write(TWO)
    done = compose.run("--progress", "json", "up", "-d")
    events = [json.loads(line) for line in done.err.splitlines()]
    assert {"id": "Container demo-web-1", "status": "Done", "text": "Started"} in events


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--force-recreate", "--no-recreate"], "--force-recreate and --no-recreate are incompatible"),
        (["--build", "--no-build"], "--build and --no-build are incompatible"),
        (["--attach", "web", "--attach-dependencies"], "cannot combine --attach and --attach-dependencies"),
        (["-d", "--exit-code-from", "web"], "--detach cannot be combined with"),
        (["--wait", "--abort-on-container-exit"], "--wait cannot be combined with"),
        (["--scale", "web"], 'invalid --scale option "web". Should be SERVICE=NUM'),
        (["--scale", "nobody=2"], "no such service: nobody"),
        (["-d", "nobody"], "no such service: nobody"),
        (["--pull", "sometimes"], 'invalid --pull option "sometimes"'),
        (["--attach", "nobody"], "no such service: nobody"),
        (["--exit-code-from", "nobody"], "no such service: nobody"),
        (["-d", "--watch"], "--watch is not supported yet"),
    ],
)  # fmt: skip
def test_flags_that_cannot_be_obeyed(compose: Compose, flags: list[str], message: str) -> None:
    compose.write(TWO)
    done = compose.run("up", *flags)
    assert (done.code, done.out) == (1, "")
    assert message in done.err.splitlines()[0]
    assert compose.states() == {}


def refused(compose: Compose, text: str, *lines: str) -> None:
    """``up`` must fail with exactly these lines (and hints) and leave nothing."""
    compose.write(text)
    done = compose.run("up", "-d")
    assert done.code == 1
    said = [line for line in done.err.splitlines() if not line.startswith("hint: ")]
    assert said == list(lines)
    assert compose.states() == {}


def test_missing_images_are_named_with_their_places_and_what_to_do(compose: Compose) -> None:
    compose.write("services:\n  a:\n    image: foo:1\n    pull_policy: never\n  b:\n    build: .\n")
    done = compose.run("up", "-d")
    assert done.code == 1
    *faults, hint = done.err.splitlines()
    assert faults == [
        "compose.yaml:3:5: services.a.image: no such image: foo:1",
    ]
    assert hint.startswith("hint: ")
    assert "pycompose image load" in hint


def test_an_image_that_cannot_be_pulled_ends_up_with_its_own_exit_code(compose: Compose) -> None:
    compose.write("services:\n  a:\n    image: registry.invalid/foo:1\n")
    done = compose.run("up", "-d")
    assert done.code == 18
    assert done.err.splitlines()[0] == " a Pulling "
    assert "cannot reach https://registry.invalid: no such host" in done.err
    assert compose.states() == {}


def test_missing_files_are_named_with_their_places(compose: Compose) -> None:
    here = compose.directory
    refused(
        compose,
        "services:\n  a:\n    image: busybox\n    volumes:\n      - type: bind\n        source: ./nowhere\n"
        "        target: /x\n    secrets: [hush]\nsecrets:\n  hush:\n    file: ./gone\n",
        f"compose.yaml:6:9: services.a.volumes[0].source: bind source path does not exist: {here}/nowhere",
        f"compose.yaml:11:5: secrets.hush.file: file does not exist: {here}/gone",
    )


def test_a_host_port_that_is_taken_is_named_before_anything_is_made(compose: Compose) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        compose.write(
            f"services:\n  a:\n    image: busybox\n    command: sleep 9\n    ports:\n      - '{port}:80'\n"
        )
        done = compose.run("up", "-d")
    assert done.code == 1
    assert done.err.startswith("compose.yaml:6:9: services.a.ports[0]: ")
    assert f"{port}" in done.err
    assert "already" in done.err
    assert compose.states() == {}


def test_a_host_port_can_be_published_once_only(compose: Compose) -> None:
    text = (
        "services:\n  a:\n    image: busybox\n    ports: ['18080:80']\n"
        "  b:\n    image: busybox\n    ports: ['127.0.0.1:18080:81']\n"
    )
    refused(
        compose,
        text,
        "compose.yaml:7:13: services.b.ports[0]: host port 18080/tcp is published already by service a",
    )
    compose.write("services:\n  a:\n    image: busybox\n    ports: ['18080:80']\n    scale: 2\n")
    assert "published by 2 containers" in compose.run("up", "-d").err
    assert compose.states() == {}


def test_a_running_container_keeps_its_port_over_a_recreation(compose: Compose) -> None:
    text = "services:\n  a:\n    image: busybox\n    init: true\n    command: sleep 1000\n    ports: ['18081:80']\n"
    compose.write(text)
    compose("up", "-d")
    compose("up", "-d")
    compose("up", "-d", "--force-recreate", "-t", "0")
    assert compose("port", "a", "80").strip() == "0.0.0.0:18081"


def test_what_the_engine_does_not_honour_is_refused_before_anything_is_made(
    compose: Compose,
) -> None:
    compose.write("services:\n  a:\n    image: busybox\n    use_api_socket: true\n")
    done = compose.run("up", "-d")
    assert done.code == 1
    assert "compose.yaml:4" in done.err
    assert "services.a.use_api_socket" in done.err
    assert compose.states() == {}


def test_a_program_that_does_not_exist_is_named_with_its_container(compose: Compose) -> None:
    compose.write("services:\n  a:\n    image: busybox\n    command: nosuchprogram\n")
    done = compose.run("up", "-d")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith('container demo-a-1: exec: "nosuchprogram"')
    assert compose.states() == {"demo-a-1": "created"}


def test_create_takes_the_pull_policy_build_and_up_does_not(compose: Compose) -> None:
    compose.write("services:\n  a:\n    image: busybox\n    build: .\n")
    assert compose.run("up", "--pull", "build").err == 'invalid --pull option "build"\n'
    for words in (("create", "--pull", "build"), ("up", "--build")):
        assert "failed to read dockerfile" in compose.run(*words).err
    assert compose.states() == {}
