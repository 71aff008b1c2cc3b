"""A container's log as a reader sees it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine.local import LocalEngine
from schemas.errors import Unsupported
from tests.support.containers import execute, output, start
from tests.support.eventually import eventually


def test_tail_counts_lines_from_the_end(engine: LocalEngine) -> None:
    start(engine, "one", "seq 1000")
    engine.wait("one", timeout=10)
    assert output(engine, "one", tail=3) == ["998", "999", "1000"]
    assert output(engine, "one", tail=0) == []
    assert len(output(engine, "one", tail=5000)) == 1000


def test_a_last_line_without_newline_is_a_line(engine: LocalEngine) -> None:
    start(engine, "one", "printf 'a\\nb'")
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["a", "b"]
    assert output(engine, "one", tail=1) == ["b"]


def test_a_long_line_comes_out_as_one(engine: LocalEngine) -> None:
    start(engine, "one", "head -c 300000 /dev/zero | tr '\\0' x; echo; echo end")
    engine.wait("one", timeout=10)
    assert [len(line) for line in output(engine, "one")] == [300000, 3]


def test_a_line_written_in_parts_comes_out_as_one(engine: LocalEngine) -> None:
    start(engine, "one", "printf a; sleep 0.1; printf b; sleep 0.1; echo c")
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["abc"]


def test_since_and_until_cut_by_time(engine: LocalEngine) -> None:
    start(engine, "one", "echo first; until test -e /go; do sleep 0.02; done; echo second")
    eventually(lambda: output(engine, "one") == ["first"])
    middle = time.time()
    execute(engine, "one", "touch", "/go")
    engine.wait("one", timeout=10)
    assert output(engine, "one", since=middle) == ["second"]
    assert output(engine, "one", until=middle) == ["first"]


def test_follow_reads_on_until_the_end(engine: LocalEngine) -> None:
    start(engine, "one", "for i in 1 2 3; do echo $i; sleep 0.1; done")
    assert output(engine, "one", follow=True) == ["1", "2", "3"]


def test_follow_goes_over_restarts(engine: LocalEngine) -> None:
    start(engine, "one", "echo run; exit 1", restart={"name": "on-failure", "max_retries": 2})
    assert output(engine, "one", follow=True) == ["run"] * 3


def test_close_from_another_thread_ends_a_follower(engine: LocalEngine) -> None:
    start(engine, "one", "echo here; exec sleep 100")
    eventually(lambda: output(engine, "one") == ["here"])
    stream = engine.logs("one", {"follow": True})
    threading.Timer(0.3, stream.close).start()
    began = time.monotonic()
    assert [line.line for line in stream] == [b"here"]
    assert time.monotonic() - began < 5


def test_rotation_keeps_the_newest_lines_and_a_follower_comes_to_the_last(
    engine: LocalEngine, state: tuple[Path, Path]
) -> None:
    logging = {"driver": "json-file", "options": {"max-size": "10k", "max-file": "3"}}
    script = "i=0; while [ $i -lt 9000 ]; do echo line $i; i=$((i+1)); [ $((i%100)) = 0 ] && sleep 0.01; done"
    made = start(engine, "one", f"{script}; true", logging=logging)
    followed = output(engine, "one", follow=True)
    kept = output(engine, "one")
    assert (followed[-1], kept[-1]) == ("line 8999", "line 8999")
    assert kept == [f"line {n}" for n in range(9000 - len(kept), 9000)]
    # However many lines came at a time: three files of 10 KiB, two of them full, and a header for a line at the worst.
    assert 2 * 10_000 // 26 < len(kept) < 3 * 10_240 // 10
    files = list((state[0] / "containers" / made.id).glob("log*"))
    assert len(files) == 3 and all(path.stat().st_size <= 10_240 for path in files)


def test_lines_longer_than_a_file_may_be_come_out_as_one(engine: LocalEngine) -> None:
    logging = {"driver": "json-file", "options": {"max-size": "4k", "max-file": "30"}}
    start(
        engine,
        "one",
        "for i in 1 2 3; do head -c 9999 /dev/zero | tr '\\0' $i; echo; done",
        logging=logging,
    )
    engine.wait("one", timeout=10)
    assert output(engine, "one") == [digit * 9999 for digit in "123"]


def test_driver_none_keeps_nothing(engine: LocalEngine) -> None:
    start(engine, "one", "echo x", logging={"driver": "none"})
    engine.wait("one", timeout=10)
    with pytest.raises(Unsupported, match="none"):
        engine.logs("one", {})
