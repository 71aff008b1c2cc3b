"""``up`` in front: output, Ctrl-C, and ends that end all."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time

import pytest

from tests.e2e.conftest import COMMAND, Compose, wait_for_output
from tests.support.eventually import eventually

TALKERS = """
services:
  a:
    image: busybox
    init: true
    command: sh -c "echo from a; echo oops >&2; sleep 1000"
  bravo:
    image: busybox
    init: true
    command: sh -c "echo from bravo; sleep 1000"
"""
JOBS = """
services:
  good:
    image: busybox
    command: sh -c "echo done; exit 0"
  bad:
    image: busybox
    command: sh -c "sleep 0.3; echo broken; exit 3"
  long:
    image: busybox
    init: true
    command: sleep 1000
"""


def test_output_has_aligned_prefixes_and_ctrl_c_stops_all(compose: Compose) -> None:
    compose.write(TALKERS)
    process = compose.begin("up")
    seen = wait_for_output(process, "from a")
    if "from bravo" not in seen:
        seen += wait_for_output(process, "from bravo")
    if "oops" not in seen:
        seen += wait_for_output(process, "oops")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    lines = (seen + out).splitlines()
    assert lines[0] == "Attaching to a-1, bravo-1"
    assert {"a-1      | from a", "a-1      | oops", "bravo-1  | from bravo"} <= set(lines)
    assert {"a-1 exited with code 143", "bravo-1 exited with code 143"} <= set(lines)
    assert process.returncode == 130
    assert "Gracefully stopping... (press Ctrl+C again to force)" in err
    assert "Container demo-a-1  Stopped" in err
    assert set(compose.states().values()) == {"exited"}


def test_a_second_ctrl_c_kills(compose: Compose) -> None:
    compose.write(
        "services:\n  a:\n    image: busybox\n    stop_grace_period: 5m\n"
        "    command: sh -c \"trap 'echo not me' TERM; echo up; while :; do sleep 0.1; done\"\n"
    )
    process = compose.begin("up")
    wait_for_output(process, "| up")
    process.send_signal(signal.SIGINT)
    wait_for_output(process, "not me")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Container demo-a-1  Killed" in err
    assert "a-1 exited with code 137" in out
    assert compose.states() == {"demo-a-1": "exited"}


def test_up_ends_when_all_have_ended(compose: Compose) -> None:
    compose.write(JOBS)
    done = compose.run("up", "good", "bad")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "Attaching to bad-1, good-1"
    assert lines.index("good-1  | done") < lines.index("good-1 exited with code 0")
    assert lines.index("bad-1   | broken") < lines.index("bad-1 exited with code 3")


def test_the_first_words_of_a_short_life_are_not_lost(compose: Compose) -> None:
    text = "services:\n"
    for number in range(8):
        text += f"  s{number}:\n    image: busybox\n    command: echo word {number}\n"
    compose.write(text)
    done = compose.run("up", "--no-log-prefix")
    words = sorted(line for line in done.out.splitlines() if line.startswith("word"))
    assert words == [f"word {number}" for number in range(8)]


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--abort-on-container-exit", "bad", "long"], 3),
        (["--abort-on-container-failure", "bad", "good", "long"], 3),
        (["--exit-code-from", "bad", "bad", "long"], 3),
        (["--exit-code-from", "long", "bad", "long"], 143),
    ],
)
def test_the_end_of_one_ends_all(compose: Compose, flags: list[str], code: int) -> None:
    compose.write(JOBS)
    done = compose.run("up", *flags)
    assert done.code == code
    assert "Aborting on container exit..." in done.err
    assert "bad-1   | broken" in done.out
    assert compose.states()["demo-long-1"] == "exited"


def test_a_restart_by_policy_is_followed(compose: Compose) -> None:
    compose.write(
        "services:\n  a:\n    image: busybox\n    restart: on-failure:2\n"
        '    command: sh -c "echo try; exit 2"\n'
    )
    done = compose.run("up")
    assert done.code == 0
    assert done.out.count("a-1  | try") == 3
    assert done.out.count("a-1 exited with code 2") == 3


def test_a_container_that_runs_already_shows_only_what_is_new(compose: Compose) -> None:
    compose.write(
        "services:\n  a:\n    image: busybox\n    init: true\n"
        '    command: sh -c "echo old; while ! test -e /tmp/go; do sleep 0.05; done; echo new; sleep 1000"\n'
    )
    compose("up", "-d")
    eventually(lambda: "old" in compose("logs"))
    process = compose.begin("up")
    wait_for_output(process, "Attaching to a-1")
    compose("exec", "-T", "a", "touch", "/tmp/go")
    seen = wait_for_output(process, "new")
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert "old" not in seen + out
    assert process.returncode == 130


def test_attach_and_no_attach_choose_what_is_shown(compose: Compose) -> None:
    compose.write(
        JOBS + "  quiet:\n    image: busybox\n    command: echo psst\n    attach: false\n"
    )
    done = compose.run("up", "--attach", "good", "good", "bad")
    assert done.out.splitlines() == [
        "Attaching to good-1",
        "good-1  | done",
        "good-1 exited with code 0",
    ]
    done = compose.run("up", "--no-attach", "bad", "good", "bad", "quiet")
    assert "Attaching to good-1\n" in done.out
    assert "broken" not in done.out
    assert "psst" not in done.out


def test_dependencies_are_shown_on_request(compose: Compose) -> None:
    compose.write(
        JOBS + "  web:\n    image: busybox\n    command: echo web\n    depends_on: [good]\n"
    )
    assert "Attaching to web-1\n" in compose("up", "web")
    assert "Attaching to good-1, web-1\n" in compose("up", "--attach-dependencies", "web")


def test_timestamps_and_no_prefix(compose: Compose) -> None:
    compose.write("services:\n  a:\n    image: busybox\n    command: echo hello\n")
    out = compose("up", "--timestamps", "--no-log-prefix")
    assert re.search(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello$", out, re.MULTILINE)


def test_colours_on_request_only(compose: Compose) -> None:
    compose.write("services:\n  a:\n    image: busybox\n    command: echo hello\n")
    assert "\033[" not in compose("up")
    assert "\033[36ma-1  | \033[0mhello" in compose("--ansi", "always", "up")
    assert "\033[36m" not in compose("--ansi", "always", "up", "--no-color")


def test_a_dependency_that_fails_ends_the_command_with_its_reason(compose: Compose) -> None:
    compose.write(
        "services:\n  db:\n    image: busybox\n    init: true\n    command: sleep 1000\n"
        "    healthcheck: {test: [CMD, 'false'], interval: 100ms, retries: 1}\n"
        "  web:\n    image: busybox\n    depends_on: {db: {condition: service_healthy}}\n"
    )
    done = compose.run("up")
    assert done.code == 1
    assert (
        done.err.splitlines()[-1] == "dependency failed to start: container demo-db-1 is unhealthy"
    )


def test_ctrl_c_while_a_dependency_is_waited_for(compose: Compose) -> None:
    compose.write(
        "services:\n  db:\n    image: busybox\n    init: true\n    command: sh -c 'echo db; sleep 1000'\n"
        "    healthcheck: {test: [CMD, 'false'], interval: 100s}\n"
        "  web:\n    image: busybox\n    command: echo web\n"
        "    depends_on: {db: {condition: service_healthy}}\n"
    )
    process = compose.begin("up", "--attach-dependencies")
    wait_for_output(process, "| db")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "web-1" not in out.replace("Attaching to db-1, web-1", "")
    assert compose.states() == {"demo-db-1": "exited", "demo-web-1": "created"}


def test_ctrl_c_of_a_detached_up_finishes_what_it_has_begun(compose: Compose) -> None:
    compose.write(
        "services:\n  db:\n    image: busybox\n    init: true\n    command: sleep 1000\n"
        "    healthcheck: {test: [CMD, 'false'], interval: 100s}\n"
        "  web:\n    image: busybox\n    depends_on: {db: {condition: service_healthy}}\n"
    )
    process = compose.begin("up", "-d")
    eventually(lambda: compose.states().get("demo-db-1") == "running")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert compose.states() == {"demo-db-1": "running", "demo-web-1": "created"}


def test_ctrl_c_stops_what_was_asked_for_and_not_its_dependencies(compose: Compose) -> None:
    compose.write(TALKERS.replace("  bravo:\n", "  bravo:\n    depends_on: [a]\n"))
    process = compose.begin("up", "bravo")
    wait_for_output(process, "from bravo")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert compose.states() == {"demo-a-1": "running", "demo-bravo-1": "exited"}


def test_on_a_terminal_ctrl_c_is_typed(compose: Compose) -> None:
    compose.write(TALKERS)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "up"],
        cwd=compose.directory,
        env={**compose.environ, "TERM": "xterm"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540E, 0),
    )
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + 20
    while b"from bravo" not in seen or b"from a" not in seen:
        assert time.monotonic() < deadline
        seen += os.read(master, 4096)
    assert b"\033[36ma-1      | " in seen
    os.write(master, b"\x03")
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        seen += data
    assert process.wait(timeout=10) == 130
    os.close(master)
    assert b"Gracefully stopping" in seen
