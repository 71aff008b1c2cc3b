"""Further processes in a running container, with pipes and with a terminal, and attaching to its own streams."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from engine.local import LocalEngine
from schemas.errors import Conflict, StartFailed
from tests.support.containers import execute, finish, make, output, start
from tests.support.eventually import eventually

# What a container does until it is told to go on.
_UNTIL_GO = "until test -e /go; do sleep 0.02; done"


@pytest.fixture
def idle(engine: LocalEngine) -> LocalEngine:
    made = start(engine, "one", "exec sleep 100", environment={"FROM": "spec"}, working_dir="/usr")
    arguments = Path(f"/proc/{made.pid}/cmdline")
    eventually(lambda: arguments.read_bytes().split(b"\0")[0] == b"sleep")
    return engine


def test_output_error_and_exit_code_come_back(idle: LocalEngine) -> None:
    done = execute(idle, "one", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert done == (7, b"out\n", b"err\n")


def test_it_sees_the_containers_environment_directory_and_processes(idle: LocalEngine) -> None:
    done = execute(
        idle,
        "one",
        "sh",
        "-c",
        "echo $FROM $MORE; pwd; cat /proc/1/cmdline",
        environment={"MORE": "x"},
    )
    assert done.out == b"spec x\n/usr\nsleep\x00100\x00"


def test_user_and_working_directory_can_be_chosen(idle: LocalEngine) -> None:
    done = execute(idle, "one", "sh", "-c", "id -u; id -g; pwd", user="12:34", working_dir="/tmp")
    assert done.out == b"12\n34\n/tmp\n"


def test_it_has_the_containers_capabilities_and_not_ours(idle: LocalEngine) -> None:
    done = execute(idle, "one", "grep", "CapEff", "/proc/self/status")
    assert done.out == b"CapEff:\t00000000a80425fb\n"


def test_privileged_gets_all_capabilities(idle: LocalEngine) -> None:
    done = execute(idle, "one", "grep", "CapEff", "/proc/self/status", privileged=True)
    assert done.out > b"CapEff:\t00000000a80425fb\n"


def test_stdin_reaches_it_with_its_end(idle: LocalEngine) -> None:
    channel = idle.exec("one", {"command": ["cat"], "stdin": True})
    os.write(channel.stdin(), b"through\n")
    assert finish(channel).out == b"through\n"


def test_much_output_is_not_lost(idle: LocalEngine) -> None:
    done = execute(idle, "one", "sh", "-c", "seq 100000")
    assert done.out.count(b"\n") == 100000


def test_terminal_has_a_size_that_can_change(idle: LocalEngine) -> None:
    script = "stty size; trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.01; done"
    channel = idle.exec(
        "one", {"command": ["sh", "-c", script], "tty": True, "rows": 24, "columns": 80}
    )
    assert channel.tty
    seen = b""
    while b"ready" not in seen:
        seen += os.read(channel.stdout(), 100)
    assert b"24 80" in seen
    channel.resize(40, 132)
    done = finish(channel)
    assert (done.code, b"40 132" in done.out) == (3, True)


def test_terminal_is_the_controlling_one(idle: LocalEngine) -> None:
    channel = idle.exec(
        "one", {"command": ["sh", "-c", "tty; echo ready; exec sleep 100"], "tty": True}
    )
    said = b""
    while b"ready" not in said:  # a shell with a child would wait for what that makes of the signal
        said += os.read(channel.stdout(), 100)
    assert b"/dev/pts/" in said
    os.write(channel.stdin(), b"\x03")  # Ctrl-C goes to the foreground process
    assert finish(channel).code == 130


def test_a_program_that_is_not_there_is_127(idle: LocalEngine) -> None:
    with pytest.raises(StartFailed, match="not found in") as caught:
        idle.exec("one", {"command": ["nosuch"]})
    assert caught.value.exit_code == 127


def test_a_process_goes_on_without_its_client(idle: LocalEngine) -> None:
    channel = idle.exec("one", {"command": ["sh", "-c", "sleep 0.2; touch /done"], "detach": True})
    channel.close()
    eventually(lambda: execute(idle, "one", "test", "-e", "/done").code == 0)


def test_a_stopped_container_runs_nothing(engine: LocalEngine) -> None:
    make(engine, "one", "true")
    with pytest.raises(Conflict, match="is not running"):
        engine.exec("one", {"command": ["true"]})


def test_attach_reads_what_was_written_before_and_the_exit_code(engine: LocalEngine) -> None:
    start(engine, "one", f"echo early; {_UNTIL_GO}; echo late; exit 6")
    eventually(lambda: output(engine, "one") == ["early"])
    channel = engine.attach("one", logs=True)
    execute(engine, "one", "touch", "/go")
    done = finish(channel)
    assert (done.code, done.out) == (6, b"early\nlate\n")
    assert output(engine, "one") == ["early", "late"]


def test_attach_feeds_stdin_whose_end_ends_the_program(engine: LocalEngine) -> None:
    start(engine, "one", "cat; echo over", stdin_open=True, stdin_once=True)
    channel = engine.attach("one", stdin=True, logs=True)
    os.write(channel.stdin(), b"typed\n")
    done = finish(channel)
    assert (done.code, done.out) == (0, b"typed\nover\n")


def test_attach_to_a_terminal_goes_both_ways(engine: LocalEngine) -> None:
    make(engine, "one", "sh", tty=True, stdin_open=True)
    engine.start("one")
    channel = engine.attach("one", stdin=True, logs=True)
    channel.resize(30, 90)
    os.write(channel.stdin(), b"stty size; exit 4\n")
    done = finish(channel)
    assert (done.code, b"30 90" in done.out) == (4, True)


def test_a_client_that_does_not_read_holds_the_container_and_loses_nothing(
    engine: LocalEngine,
) -> None:
    start(engine, "one", f"{_UNTIL_GO}; seq 500000")
    channel = engine.attach("one")
    execute(engine, "one", "touch", "/go")
    time.sleep(0.5)
    done = finish(channel)
    assert done.out.count(b"\n") == 500000


def test_a_process_asked_for_while_the_container_ends_runs_or_is_refused(
    engine: LocalEngine,
) -> None:
    """Between the kill and its record nothing else may be said, whatever is still there of the container."""

    def ask_until_refused(name: str) -> None:
        while True:
            assert execute(engine, name, "true").code in (0, 137)

    for number in range(12):
        made = start(engine, f"one{number}", "exec sleep 100")
        killer = threading.Timer(0.002 * number, os.kill, (made.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(Conflict, match="is not running"):
            ask_until_refused(made.id)
        killer.join()
