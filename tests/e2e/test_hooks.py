"""Lifecycle hooks: commands before and after the start of a container, and before its stop."""

from __future__ import annotations

from tests.e2e.conftest import Compose, wait_for_output
from tests.support.eventually import eventually

AROUND = """
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    working_dir: /srv
    environment: {A: own, B: own}
    volumes: ["./:/project"]
    post_start:
      - command: sh -c 'echo "post $$(id -u) $$A $${B-none} $$PWD" >> /project/said'
        user: "65534"
        working_dir: /tmp
        environment: {A: hook, B: }
      - command: [sh, -c, "grep CapEff /proc/self/status | sed 's/.*0/second /' >> /project/said"]
        privileged: true
    pre_stop:
      - command: sh -c 'echo "pre $$A $$PWD" >> /project/said'
"""


def said(compose: Compose) -> list[str]:
    """What the hooks have written since the last call."""
    path = compose.directory / "said"
    lines = path.read_text().splitlines()
    path.write_text("")
    return lines


def begin(compose: Compose, text: str) -> None:
    compose.write(text)
    (compose.directory / "said").touch()
    (compose.directory / "said").chmod(0o666)
    compose.directory.chmod(0o755)
    for parent in compose.directory.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)


def test_hooks_run_inside_after_the_start_and_before_the_stop(compose: Compose) -> None:
    begin(compose, AROUND)
    compose("up", "-d")
    first, second = said(compose)
    assert first == "post 65534 hook none /tmp"
    assert second.startswith("second")
    compose("stop", "-t", "0")
    assert said(compose) == ["pre own /srv"]
    compose("start")
    assert [line.split()[0] for line in said(compose)] == ["post", "second"]
    compose("restart", "-t", "0")
    assert [line.split()[0] for line in said(compose)] == ["pre", "post", "second"]
    compose("down", "-t", "0")
    assert said(compose) == ["pre own /srv"]


def test_a_dependent_starts_when_the_hooks_of_what_it_needs_are_done(compose: Compose) -> None:
    begin(
        compose,
        """
services:
  db:
    image: busybox
    init: true
    command: sleep 1000
    volumes: ["./:/project"]
    post_start: [{command: "sh -c 'sleep 0.5; echo hook >> /project/said'"}]
  web:
    image: busybox
    depends_on: [db]
    volumes: ["./:/project"]
    command: sh -c 'echo web >> /project/said'
""",
    )
    compose("up", "-d")
    eventually(lambda: compose.states()["demo-web-1"] == "exited")
    assert said(compose) == ["hook", "web"]


def test_a_hook_that_fails_fails_the_command_with_its_last_words(compose: Compose) -> None:
    begin(
        compose,
        """
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    post_start: [{command: "sh -c 'echo no database >&2; exit 3'"}]
    pre_stop: [{command: "false"}]
""",
    )
    done = compose.run("up", "-d")
    assert done.code == 1
    assert (
        "container demo-web-1: post_start[0] hook exited with status 3\n  no database" in done.err
    )
    assert compose.states() == {"demo-web-1": "running"}
    done = compose.run("stop", "-t", "0")
    assert done.code == 1
    assert "container demo-web-1: pre_stop[0] hook exited with status 1" in done.err
    assert compose.states() == {"demo-web-1": "running"}
    compose("kill")  # a kill asks no hook


def test_up_in_front_shows_what_hooks_write(compose: Compose) -> None:
    begin(
        compose,
        """
services:
  web:
    image: busybox
    volumes: ["./:/project"]
    command: sh -c 'until test -e /project/go; do sleep 0.05; done; echo main'
    post_start: [{command: "sh -c 'echo from the hook; sleep 30 &'"}]
""",
    )
    process = compose.begin("up")
    shown = wait_for_output(process, "from the hook")
    compose.write("", "go")
    shown += wait_for_output(process, "exited with code 0")
    process.communicate(timeout=20)
    assert "web-1 ->  | from the hook" in shown
    assert "| main" in shown


PREPARED = """
services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    hostname: frontend
    environment: {A: own}
    ports: ["127.0.0.1:0:80"]
    volumes: ["data:/data", "/cache", "./:/project"]
    scale: 2
    pre_start:
      - command: sh -c 'echo "once $$A" >> /data/log; echo once >> /project/said; touch /cache/here'
        environment: {A: hook}
      - command: sh -c 'echo each >> /project/said; ls /cache >> /project/said'
        per_replica: true
volumes:
  data:
"""


def test_pre_start_hooks_prepare_volumes_before_anything_starts(compose: Compose) -> None:
    begin(compose, PREPARED)
    compose("up", "-d")
    lines = said(compose)
    assert lines[0] == "once"
    assert sorted(lines[1:]) == ["each", "each", "here"]  # /cache is each container's own
    assert compose("exec", "-T", "web", "cat", "/data/log") == "once hook\n"
    assert compose("exec", "-T", "--index", "1", "web", "ls", "/cache") == "here\n"
    assert sorted(compose.containers()) == ["demo-web-1", "demo-web-2"]
    compose("up", "-d")
    assert said(compose) == []
    compose("stop", "-t", "0", "web")
    compose("-p", "demo", "start")
    assert sorted(said(compose))[:3] == ["each", "each", "here"]


def test_a_pre_start_hook_that_fails_keeps_the_service_from_starting(compose: Compose) -> None:
    begin(
        compose,
        """
services:
  web:
    image: busybox
    command: sleep 1000
    pre_start:
      - image: busybox:latest
        command: sh -c 'echo cannot migrate; exit 9'
""",
    )
    done = compose.run("up", "-d")
    assert done.code == 1
    assert "service web: pre_start[0] hook exited with status 9\n  cannot migrate" in done.err
    assert compose.states() == {"demo-web-1": "created"}


def test_an_image_of_a_hook_that_is_missing_is_told_before_anything_is_made(
    compose: Compose,
) -> None:
    begin(
        compose,
        "services: {web: {image: busybox, pre_start: [{image: nosuch, command: a}]}}",
    )
    done = compose.run("up", "-d", "--pull", "never")
    assert done.code
    assert "nosuch" in done.err
    assert compose.containers() == {}
