"""A container's life: start, exit codes, stop and its grace, restarts, health, lack of memory."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine.local import LocalEngine
from engine.runtime import status
from schemas.errors import Conflict, StartFailed
from schemas.specs import Mount
from tests.support.containers import execute, make, output, start
from tests.support.eventually import eventually


def test_exit_code_and_both_streams_are_kept(engine: LocalEngine) -> None:
    start(engine, "one", "echo out; echo err >&2; exit 3")
    assert engine.wait("one", timeout=10).code == 3
    lines = {(line.stream, line.line) for line in engine.logs("one", {})}
    assert lines == {("stdout", b"out"), ("stderr", b"err")}
    assert engine.container("one").state == "exited"


def test_hostname_is_the_short_id_and_pid_is_one(engine: LocalEngine) -> None:
    made = start(engine, "one", "hostname; echo $$")
    engine.wait(made.id, timeout=10)
    assert output(engine, "one") == [made.id[:12], "1"]


def test_environment_of_the_person_does_not_leak(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "hush")
    start(engine, "one", "env; tr '\\0' '\\n' < /proc/1/environ", environment={"A": "b"})
    engine.wait("one", timeout=10)
    lines = output(engine, "one")
    assert "A=b" in lines
    assert not [line for line in lines if "hush" in line]


def test_each_container_has_one_share_of_the_processors(engine: LocalEngine) -> None:
    made = start(engine, "one", "exec sleep 100")
    lines = Path(f"/proc/{made.pid}/cgroup").read_text().splitlines()
    groups = [line.split(":", 2) for line in lines]
    # Version 1 names the controllers of each hierarchy; version 2 has one for all.
    places = [place for _, names, place in groups if "cpu" in names.split(",") or len(groups) == 1]
    assert [place.rpartition("/")[2] for place in places] == [made.id]


@pytest.mark.parametrize(
    ("script", "signal", "code"),
    [
        (
            "echo set; exec sleep 100",
            None,
            137,
        ),  # process 1 without a handler: only SIGKILL ends it
        ("trap 'exit 9' TERM; echo set; while :; do sleep 0.05; done", None, 9),
        ("trap 'exit 4' USR1; echo set; while :; do sleep 0.05; done", "USR1", 4),
    ],
)
def test_stop_gives_grace_and_then_kills(
    engine: LocalEngine, script: str, signal: str | None, code: int
) -> None:
    start(engine, "one", script)
    eventually(lambda: output(engine, "one") == ["set"])
    engine.stop("one", timeout=1 if code == 137 else 20, signal=signal)
    found = engine.container("one")
    assert (found.state, found.exit_code) == ("exited", code)


def test_init_passes_the_signal_on_so_that_the_program_ends_with_143(engine: LocalEngine) -> None:
    made = make(engine, "one", "sleep", "100", init=True)
    engine.start(made.id)
    began = time.monotonic()
    engine.stop("one", timeout=10)
    assert time.monotonic() - began < 5
    assert engine.container("one").exit_code == 143


def test_init_reaps_orphans(engine: LocalEngine) -> None:
    start(engine, "one", "(sh -c 'sleep 0.05; echo over' &) ; exec sleep 100", init=True)
    eventually(lambda: output(engine, "one") == ["over"])
    states = ("sh", "-c", "cat /proc/[0-9]*/stat")
    eventually(lambda: b" Z " not in execute(engine, "one", *states).out)


def test_stop_of_a_stopped_container_is_no_error(engine: LocalEngine) -> None:
    start(engine, "one", "true")
    engine.wait("one", timeout=10)
    engine.stop("one")


def test_start_again_appends_to_the_log_and_keeps_files(engine: LocalEngine) -> None:
    start(engine, "one", "echo run; echo x >> /count; wc -l < /count")
    engine.wait("one", timeout=10)
    engine.start("one")
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["run", "1", "run", "2"]


@pytest.mark.parametrize(
    ("command", "code", "words", "hint"),
    [
        ("nosuch", 127, "executable file not found in $PATH", ""),
        ("/no/such", 127, "no such file or directory", ""),
        ("/etc/hosts", 126, "permission denied", "not executable"),
        ("/etc", 126, "is a directory", ""),
        ("/scripts/lost", 127, "no such file or directory", "interpreter"),
        ("/scripts/bare", 126, "exec format error", "without a"),
    ],
)
def test_what_cannot_be_executed_is_explained(
    engine: LocalEngine, tmp_path: Path, command: str, code: int, words: str, hint: str
) -> None:
    for name, text in (("lost", "#!/no/interpreter\n"), ("bare", "echo hello\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    mount: Mount = {"type": "bind", "source": str(tmp_path), "target": "/scripts"}
    make(engine, "one", command, mounts=[mount])
    with pytest.raises(StartFailed, match=words.replace("$", r"\$")) as caught:
        engine.start("one")
    assert caught.value.exit_code == code
    assert bool(hint) == bool(caught.value.hint)
    assert hint in (caught.value.hint or "")
    found = engine.container("one")
    assert (found.state, found.exit_code) == ("created", code)


def test_restart_on_failure_stops_after_the_given_number(engine: LocalEngine) -> None:
    policy = {"name": "on-failure", "max_retries": 2}
    start(engine, "one", "echo run; exit 7", restart=policy)
    assert engine.wait("one", timeout=20).code == 7
    assert output(engine, "one") == ["run"] * 3
    assert engine.container("one").restarts == 2


def test_on_failure_does_not_restart_a_success(engine: LocalEngine) -> None:
    start(engine, "one", "echo run", restart={"name": "on-failure"})
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["run"]


def test_nobody_sees_an_end_that_was_not(engine: LocalEngine) -> None:
    made = make(engine, "one", "sh", "-c", "exit 4")
    seen: set[tuple[str, int]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            now = status.read(made.id)
            seen.add((now.state, now.exit_code))

    onlooker = threading.Thread(target=look)
    onlooker.start()
    try:
        for _ in range(20):
            engine.start(made.id)
            assert engine.wait(made.id, timeout=10).code == 4
    finally:
        over.set()
        onlooker.join()
    assert seen <= {("created", 0), ("running", 0), ("running", 4), ("exited", 4)}


def test_always_restarts_until_it_is_stopped(engine: LocalEngine) -> None:
    start(engine, "one", "echo run; sleep 0.05", restart={"name": "always"})
    eventually(lambda: len(output(engine, "one")) >= 3)
    engine.stop("one", timeout=1)
    count = len(output(engine, "one"))
    time.sleep(0.5)
    assert engine.container("one").state == "exited"
    assert len(output(engine, "one")) == count


def test_health_goes_from_starting_to_healthy_to_unhealthy(engine: LocalEngine) -> None:
    check = {"test": ["CMD-SHELL", "test -e /ok"], "interval": 0.1, "retries": 2}
    start(
        engine, "one", "exec sleep 100",
        healthcheck={**check, "start_period": 60.0, "start_interval": 0.05},
    )  # fmt: skip
    assert engine.container("one").health == "starting"
    execute(engine, "one", "touch", "/ok")
    assert engine.wait_healthy("one", timeout=10).health == "healthy"
    execute(engine, "one", "rm", "/ok")
    eventually(lambda: engine.container("one").health == "unhealthy")
    state = engine.inspect("one")["State"]
    assert state["Health"]["Log"][-1]["ExitCode"] == 1  # type: ignore[index]


def test_a_health_check_that_hangs_is_killed_and_counts_as_failed(engine: LocalEngine) -> None:
    check = {"test": ["CMD", "sleep", "100"], "interval": 0.05, "timeout": 0.1, "retries": 1}
    start(engine, "one", "exec cat /dev/zero >/dev/null", healthcheck=check)
    assert engine.wait_healthy("one", timeout=10).health == "unhealthy"
    eventually(lambda: len(engine.inspect("one")["State"]["Health"]["Log"]) >= 4)  # type: ignore[index,arg-type,call-overload]
    # The present one at most.
    assert execute(engine, "one", "sh", "-c", "cat /proc/[0-9]*/cmdline").out.count(b"sleep") <= 1


def test_lack_of_memory_is_reported_as_such(engine: LocalEngine) -> None:
    limits = {"memory": 20 << 20, "memory_swap": 20 << 20}
    make(engine, "one", "python3", "-c", "bytearray(200 << 20)", limits=limits)
    engine.start("one")
    found = engine.wait("one", timeout=20)
    assert (found.code, found.oom_killed) == (137, True)


def test_pause_freezes_and_unpause_goes_on(engine: LocalEngine) -> None:
    start(engine, "one", "while :; do echo tick; sleep 0.01; done")
    engine.pause("one")
    assert engine.container("one").state == "paused"
    # What was written before may still be on its way to the log; then nothing more comes.
    eventually(lambda: _stands_still(engine))
    count = len(output(engine, "one"))
    with pytest.raises(Conflict):
        engine.exec("one", {"command": ["true"]})
    engine.unpause("one")
    eventually(lambda: len(output(engine, "one")) > count)


def _stands_still(engine: LocalEngine) -> bool:
    count = len(output(engine, "one"))
    time.sleep(0.3)
    return len(output(engine, "one")) == count


def test_remove_of_a_running_container_needs_force(engine: LocalEngine) -> None:
    start(engine, "one", "exec sleep 100")
    with pytest.raises(Conflict, match="is running"):
        engine.remove("one")
    engine.remove("one", force=True)
    assert engine.containers() == []


def test_events_tell_of_the_whole_life(engine: LocalEngine) -> None:
    began = time.monotonic()
    start(engine, "one", "exit 5", labels={"a": "b"})
    engine.wait("one", timeout=10)
    elapsed = time.monotonic() - began
    engine.remove("one")
    events = list(engine.events(labels={"a": "b"}, follow=False))
    assert [event.action for event in events] == ["create", "start", "die", "destroy"]
    assert events[2].attributes["exitCode"] == "5"
    assert 0 <= int(events[2].attributes["execDuration"]) <= elapsed
