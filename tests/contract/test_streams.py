"""Logs, events, exec, attach: what comes out, what goes in, and ending from outside."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from schemas.engine import ATTACH_CREATED, Engine
from schemas.errors import Conflict, NotFound, StartFailed, Unsupported
from schemas.records import LogLine
from tests.contract.making import make, sleeper, start
from tests.support.containers import execute, finish, output, read_all
from tests.support.eventually import eventually


def test_logs_have_both_streams_times_and_the_last_line_without_its_end(
    engine: Engine, tmp_path: Path
) -> None:
    began = time.time()
    until = "until test -e /place/{}; do sleep 0.02; done; "
    start(
        engine,
        "one",
        f"echo out; {until.format('first')} echo err >&2; {until.format('second')} printf end",
        mounts=[{"type": "bind", "source": str(tmp_path), "target": "/place"}],
    )
    # One after the other: the streams are read side by side.
    eventually(lambda: output(engine, "one") == ["out"])
    (tmp_path / "first").touch()
    eventually(lambda: output(engine, "one") == ["out", "err"])
    (tmp_path / "second").touch()
    engine.wait("one", timeout=10)
    lines = list(engine.logs("one", {}))
    assert [(line.stream, line.line) for line in lines] == [
        ("stdout", b"out"),
        ("stderr", b"err"),
        ("stdout", b"end"),
    ]
    assert began - 1 < lines[0].time < lines[1].time < lines[2].time < time.time() + 1


def test_a_line_longer_than_a_buffer_is_one_line(engine: Engine) -> None:
    start(engine, "one", "head -c 40000 /dev/zero | tr '\\0' x; echo; echo after")
    engine.wait("one", timeout=10)
    assert [len(line.line) for line in engine.logs("one", {})] == [40000, 5]


def test_logs_can_be_cut(engine: Engine) -> None:
    start(engine, "one", "for i in 1 2 3 4; do echo $i; sleep 0.05; done")
    engine.wait("one", timeout=10)
    lines = list(engine.logs("one", {}))
    assert output(engine, "one", tail=2) == ["3", "4"]
    assert output(engine, "one", tail=0) == []
    between = (lines[1].time + lines[2].time) / 2
    assert output(engine, "one", since=between) == ["3", "4"]
    assert output(engine, "one", until=between) == ["1", "2"]


def test_logs_are_followed_to_the_end_or_until_they_are_closed(engine: Engine) -> None:
    start(engine, "one", "echo a; sleep 0.3; echo b")
    assert output(engine, "one", follow=True) == ["a", "b"]
    start(engine, "two", "echo a; exec sleep 100", init=True)
    stream = engine.logs("two", {"follow": True})
    assert next(stream).line == b"a"
    threading.Timer(0.1, stream.close).start()
    assert list(stream) == []


def test_logs_of_a_terminal_are_lines(engine: Engine) -> None:
    start(engine, "one", "echo a; echo b >&2", tty=True)
    engine.wait("one", timeout=10)
    lines: list[LogLine] = list(engine.logs("one", {}))
    assert [(line.stream, line.line.rstrip(b"\r")) for line in lines] == [
        ("stdout", b"a"),
        ("stdout", b"b"),
    ]


def test_a_driver_that_keeps_nothing_says_so(engine: Engine) -> None:
    start(engine, "one", "echo a", logging={"driver": "none"})
    engine.wait("one", timeout=10)
    with pytest.raises(Unsupported, match="none"):
        engine.logs("one", {})
    with pytest.raises(NotFound):
        engine.logs("nobody", {})


def test_exec_has_streams_a_code_and_what_it_was_given(engine: Engine) -> None:
    sleeper(engine, "one", environment={"A": "1", "B": "2"}, working_dir="/tmp")
    script = 'echo "$A $B $C $(pwd) $(id -u)"; cat; echo err >&2; exit 4'
    channel = engine.exec(
        "one",
        {
            "command": ["sh", "-c", script],
            "stdin": True,
            "environment": {"B": None, "C": "3"},
            "user": "nobody",
            "working_dir": "/etc",
        },
    )
    os.write(channel.stdin(), b"typed\n")
    assert finish(channel) == (4, b"1  3 /etc 65534\ntyped\n", b"err\n")
    assert execute(engine, "one", "sh", "-c", "pwd; kill -9 $$") == (137, b"/tmp\n", b"")


def test_exec_of_nothing_that_runs_fails(engine: Engine) -> None:
    sleeper(engine, "one")
    for command, code in (("nope", 127), ("/etc/passwd", 126)):
        with pytest.raises(StartFailed, match=command) as caught:
            engine.exec("one", {"command": [command]})
        assert caught.value.exit_code == code
        with pytest.raises(StartFailed, match=command):
            engine.exec("one", {"command": [command], "detach": True})
    engine.stop("one", timeout=0)
    with pytest.raises(Conflict):
        engine.exec("one", {"command": ["true"]})
    with pytest.raises(NotFound):
        engine.exec("nobody", {"command": ["true"]})


def test_exec_on_a_terminal_has_one_stream_and_a_size(engine: Engine) -> None:
    sleeper(engine, "one")
    channel = engine.exec(
        "one",
        {
            "command": ["sh", "-c", "stty size; read x; stty size; echo got $x >&2"],
            "tty": True,
            "stdin": True,
            "rows": 30,
            "columns": 90,
        },
    )
    try:
        assert channel.tty
        assert channel.stderr() == -1
        seen = b""
        while b"\n" not in seen:
            seen += os.read(channel.stdout(), 100)
        assert seen.split() == [b"30", b"90"]
        channel.resize(40, 100)
        os.write(channel.stdin(), b"word\n")
        rest = read_all(channel.stdout())
        assert b"40 100" in rest
        assert b"got word" in rest
        assert channel.wait() == 0
    finally:
        channel.close()


def test_exec_ends_with_its_process_whatever_that_leaves_behind(engine: Engine) -> None:
    sleeper(engine, "one")
    channel = engine.exec("one", {"command": ["sh", "-c", "sleep 30 & echo begun"]})
    try:
        assert os.read(channel.stdout(), 100) == b"begun\n"
        began = time.monotonic()
        assert channel.wait() == 0
        assert time.monotonic() - began < 10
    finally:
        channel.close()


def test_exec_can_be_left_alone(engine: Engine) -> None:
    sleeper(engine, "one")
    channel = engine.exec("one", {"command": ["sh", "-c", "touch /there; exit 3"], "detach": True})
    assert channel.wait() == 3
    channel.close()
    assert execute(engine, "one", "ls", "/there").out == b"/there\n"


def test_attach_joins_what_runs(engine: Engine) -> None:
    start(engine, "one", "echo before; read x; echo got $x; exit 6", stdin_open=True)
    eventually(lambda: output(engine, "one") == ["before"])
    channel = engine.attach("one", stdin=True, logs=True)
    os.write(channel.stdin(), b"word\n")
    assert finish(channel) == (6, b"before\ngot word\n", b"")
    with pytest.raises(Conflict):
        engine.attach("one")
    with pytest.raises(NotFound):
        engine.attach("nobody")


def test_what_is_attached_to_before_it_starts_loses_nothing(engine: Engine) -> None:
    made = make(engine, "one", "sh", "-c", "echo first; echo second >&2; exit 2")
    if ATTACH_CREATED not in engine.features:
        with pytest.raises(Conflict):
            engine.attach(made.id)
        return
    channel = engine.attach(made.id)
    engine.start(made.id)
    assert finish(channel) == (2, b"first\n", b"second\n")


def test_events_tell_a_life_in_order(engine: Engine) -> None:
    began = time.time() - 0.5
    start(engine, "one", "exit 3", labels={"p": "x"})
    engine.wait("one", timeout=10)
    start(engine, "two", "true", labels={"p": "y"})
    engine.wait("two", timeout=10)
    engine.remove("one")
    found = list(engine.events(labels={"p": "x"}, since=began, follow=False))
    assert [event.action for event in found] == ["create", "start", "die", "destroy"]
    assert {event.type for event in found} == {"container"}
    assert {event.attributes["name"] for event in found} == {"one"}
    assert {event.attributes["p"] for event in found} == {"x"}
    assert found[2].attributes["exitCode"] == "3"
    assert [event.time for event in found] == sorted(event.time for event in found)


def test_events_are_followed_until_they_are_closed(engine: Engine) -> None:
    stream = engine.events(labels={"p": "x"}, since=time.time())
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(event.action for event in stream))
    reader.start()
    start(engine, "one", "true", labels={"p": "x"})
    engine.wait("one", timeout=10)
    engine.rename("one", "two")
    engine.remove("two")
    eventually(lambda: "destroy" in seen)
    stream.close()
    reader.join(5)
    assert not reader.is_alive()
    assert seen == ["create", "start", "die", "rename", "destroy"]


def test_top_and_stats_are_of_what_runs(engine: Engine) -> None:
    sleeper(engine, "one", init=False, limits={"memory": 64 << 20})
    eventually(lambda: [each.command for each in engine.top("one")] == ["sleep 1000"])
    assert engine.top("one")[0].uid == "root"
    stats = engine.stats("one")
    assert stats.memory_limit == 64 << 20
    assert 0 < stats.memory < 64 << 20
    assert stats.pids == 1
    engine.stop("one", timeout=0)
    with pytest.raises(Conflict):
        engine.top("one")
    with pytest.raises(Conflict):
        engine.stats("one")
