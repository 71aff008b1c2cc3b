"""exec and attach: further processes and one's own terminal in a container."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Compose, wait_for_output
from tests.support.eventually import eventually
from tests.support.terminal import Terminal

FILE = """
name: demo
services:
  web:
    image: busybox
    command: sleep 1000
    environment: {FROM_FILE: "yes"}
    working_dir: /tmp
    deploy: {replicas: 2}
    stop_grace_period: 0s
  shell:
    image: busybox
    command: sh
    tty: true
    stdin_open: true
    stop_grace_period: 0s
  plain:
    image: busybox
    command: sh -c 'trap "echo got it; exit 4" INT; while true; do echo ready; sleep 0.1; done'
    stop_grace_period: 0s
  deaf:
    image: busybox
    command: sh -c 'trap "" INT HUP; while true; do echo ready; sleep 0.1; done'
    stop_grace_period: 0s
  done: {image: busybox, command: "true"}
"""


@pytest.fixture
def demo(compose: Compose) -> Compose:
    compose.write(FILE)
    compose("up", "-d")
    return compose


# It says when it runs.
_SLEEPER = ("sh", "-c", "echo asleep; exec sleep 100")


def _terminal(demo: Compose, *words: str) -> Terminal:
    return Terminal([str(COMMAND), *words], cwd=demo.directory, environ=demo.environ)


def test_output_errors_and_exit_code_are_those_of_the_process(demo: Compose) -> None:
    done = demo.run("exec", "web", "sh", "-c", "echo out; echo err >&2; exit 5")
    assert (done.code, done.out, done.err) == (5, "out\n", "err\n")
    assert demo.run("exec", "web", "sh", "-c", "kill -9 $$").code == 137
    assert demo.run("exec", "web", "sh", "-c", "kill -TERM $$").code == 143


def test_flags_of_the_command_are_its_own(demo: Compose) -> None:
    assert demo("exec", "web", "echo", "-e", "a", "--index", "7") == "a --index 7\n"
    assert demo("exec", "-T", "--", "web", "ls", "-d", "/") == "/\n"


def test_what_cannot_be_run_says_why(demo: Compose) -> None:
    for words, code, message in (
        (["web", "nosuch"], 127, 'exec: "nosuch": executable file not found in $PATH'),
        (["web", "/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied'),
        (["-w", "/nonexistent", "web", "pwd"], 126, 'chdir to cwd ("/nonexistent")'),
        (["-u", "nouser", "web", "id"], 126, "unable to find user nouser"),
        (["nope", "true"], 1, 'service "nope" is not running'),
        (["done", "true"], 1, 'service "done" is not running'),
        (["--index", "7", "web", "true"], 1, 'service "web" is not running container #7'),
    ):
        done = demo.run("exec", "-T", *words)
        assert done.code == code, words
        assert done.err.startswith(message), done.err


def test_environment_user_directory_and_replica(demo: Compose) -> None:
    assert (
        demo("exec", "-e", "A=1", "-e", "HOME", "web", "sh", "-c", "echo $A $FROM_FILE").strip()
        == "1 yes"
    )
    assert demo("exec", "-w", "/var", "web", "pwd") == "/var\n"
    assert demo("exec", "web", "pwd") == "/tmp\n"
    assert demo("exec", "-u", "1234:99", "web", "sh", "-c", "id -u; id -g").split() == [
        "1234",
        "99",
    ]
    names = {demo("exec", "--index", number, "web", "hostname") for number in ("1", "2")}
    assert len(names) == 2


def test_privileges_are_given_only_when_asked_for(demo: Compose) -> None:
    look = ("sh", "-c", "grep CapEff /proc/self/status")
    assert demo("exec", "web", *look).split()[1] == "00000000a80425fb"
    assert demo("exec", "--privileged", "web", *look).split()[1] > "00000000a80425fb"


def test_input_is_passed_and_its_end_too(demo: Compose) -> None:
    assert demo("exec", "-T", "web", "cat", input="piped\n") == "piped\n"
    big = "x" * 300_000
    assert demo("exec", "-T", "web", "wc", "-c", input=big).strip() == "300000"
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", str(COMMAND), "exec", "-T", "web", "cat"],
        cwd=demo.directory, env=demo.environ, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_detached_it_runs_on_alone(demo: Compose) -> None:
    done = demo.run("exec", "-d", "web", "sh", "-c", "sleep 0.3; touch /tmp/made")
    assert (done.code, done.out) == (0, "")
    eventually(lambda: demo.run("exec", "web", "test", "-e", "/tmp/made").code == 0)


def test_a_terminal_is_given_where_there_is_one(demo: Compose) -> None:
    terminal = _terminal(demo, "exec", "web", "sh")
    terminal.expect("/tmp #")
    terminal.type("tty\r")
    terminal.expect("/dev/pts/")
    terminal.type("exit 7\r")
    assert terminal.end() == 7


def test_the_size_of_the_window_arrives(demo: Compose) -> None:
    script = "stty -a; until stty -a | grep -q 'columns 100'; do sleep 0.1; done; stty -a"
    terminal = _terminal(demo, "exec", "web", "sh", "-c", script)
    terminal.expect("rows 24; columns 80;")
    terminal.resize(40, 100)
    terminal.expect("rows 40; columns 100;")
    assert terminal.end() == 0


def test_control_c_reaches_the_process_on_a_terminal_and_ends_us_without_one(demo: Compose) -> None:
    terminal = _terminal(demo, "exec", "web", *_SLEEPER)
    terminal.expect("asleep")
    terminal.type("\x03")
    assert terminal.end() == 130
    terminal = _terminal(demo, "exec", "-T", "web", *_SLEEPER)
    terminal.expect("asleep")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert "canceled" in terminal.seen


def test_a_process_goes_on_when_its_client_leaves(demo: Compose) -> None:
    wordy = "echo begun; until test -e /tmp/go; do sleep 0.1; done; seq 1 50000; touch /tmp/"
    terminal = _terminal(demo, "exec", "web", "sh", "-c", f"{wordy}after")
    terminal.expect("begun")
    terminal.type("\x10\x11")
    assert terminal.end() == 1
    assert "read escape sequence" in terminal.seen
    process = demo.begin("exec", "-T", "web", "sh", "-c", f"{wordy}later")
    wait_for_output(process, "begun")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    demo("exec", "web", "touch", "/tmp/go")
    eventually(lambda: demo.run("exec", "web", "ls", "/tmp/after", "/tmp/later").code == 0)


def test_a_terminal_is_put_back_even_when_we_are_killed(demo: Compose) -> None:
    terminal = _terminal(demo, "exec", "web", *_SLEEPER)
    terminal.expect("asleep")
    raw = terminal.settings()
    terminal.signal(signal.SIGTERM)
    eventually(lambda: terminal.settings() != raw)
    assert terminal.end() in (143, -signal.SIGTERM)


def test_a_terminal_cannot_be_forced_where_there_is_none(demo: Compose) -> None:
    assert demo.run("exec", "-t", "web", "true").err == "the input device is not a TTY\n"


def test_attach_joins_a_containers_own_terminal_and_leaves_it_running(demo: Compose) -> None:
    terminal = _terminal(demo, "attach", "shell")
    terminal.type("\r")
    terminal.expect("/ #")
    terminal.type("echo to''gether\r")
    terminal.expect("together")
    terminal.type("\x10\x11")
    assert terminal.end() == 1
    assert demo.states()["demo-shell-1"] == "running"
    terminal = _terminal(demo, "attach", "--detach-keys", "ctrl-x", "shell")
    terminal.type("\rexit 9\r")
    assert terminal.end() == 9


def test_attach_without_input_shows_output_and_passes_signals_on(demo: Compose) -> None:
    process = demo.begin("attach", "--no-stdin", "plain")
    wait_for_output(process, "ready")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out.replace("ready\n", "")) == (4, "got it\n")


@pytest.mark.parametrize(
    ("signals", "code"), [((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGHUP,), 129)]
)
def test_attach_can_be_left_though_the_process_ignores_signals(
    demo: Compose, signals: tuple[int, ...], code: int
) -> None:
    process = demo.begin("attach", "--no-stdin", "deaf")
    wait_for_output(process, "ready")
    for number in signals:
        process.send_signal(number)
        eventually(lambda: not _pending(process.pid))  # two of a kind at once would be one
        time.sleep(0.2)
    process.communicate(timeout=10)
    assert process.returncode == code
    assert demo.states()["demo-deaf-1"] == "running"


def _pending(pid: int) -> bool:
    """Whether a signal waits to be seen by the process (proc(5), status). None does in one that has ended."""
    text = Path(f"/proc/{pid}/status").read_text()
    return any(int(mask, 16) for mask in re.findall(r"^S(?:ig|hd)Pnd:\s(\S+)", text, re.MULTILINE))


def test_without_the_proxy_an_interrupt_is_ours_alone(demo: Compose) -> None:
    process = demo.begin("attach", "--no-stdin", "--sig-proxy=false", "plain")
    wait_for_output(process, "ready")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert demo.states()["demo-plain-1"] == "running"


def test_attach_says_what_cannot_be_attached(demo: Compose) -> None:
    assert demo.run("attach", "nope").err == 'service "nope" is not running\n'
    assert (
        demo.run("attach", "--index", "7", "web").err
        == 'service "web" is not running container #7\n'
    )
    assert demo.run("attach", "shell").err == "the input device is not a TTY\n"
