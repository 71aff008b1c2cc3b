"""What ``stats`` counts is what a container uses: processor, memory, processes and their limits, on both cgroup versions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from schemas.errors import Conflict
from tests.support.containers import execute, make, start
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from engine.local import LocalEngine

MB = 1 << 20


def test_processor_time_is_counted_as_it_is_used(engine: LocalEngine) -> None:
    start(engine, "busy", "while :; do :; done")
    start(engine, "idle", "exec sleep 100")
    before = engine.stats("busy")
    eventually(lambda: engine.stats("busy").cpu_seconds - before.cpu_seconds > 0.2)
    after = engine.stats("busy")
    # Never more than there are processors, and the idle one uses nothing after its start.
    most = (os.cpu_count() or 1) * (after.time - before.time)
    assert after.cpu_seconds - before.cpu_seconds <= most + 0.1
    eventually(lambda: engine.stats("idle").cpu_seconds < 0.5 * engine.stats("busy").cpu_seconds)


def test_memory_and_its_limit_are_told(engine: LocalEngine) -> None:
    limits = {"memory": 96 * MB, "memory_swap": 96 * MB}
    code = "import time; held = bytearray(b'x' * (40 << 20)); print('held', flush=True); time.sleep(100)"
    make(engine, "holder", "python3", "-c", code, limits=limits)
    engine.start("holder")
    eventually(lambda: engine.stats("holder").memory > 40 * MB)
    found = engine.stats("holder")
    assert 40 * MB < found.memory < 96 * MB
    assert found.memory_limit == 96 * MB


def test_processes_are_counted_also_those_that_exec_brings(engine: LocalEngine) -> None:
    start(engine, "one", "sleep 100 & sleep 100 & wait")
    eventually(lambda: engine.stats("one").pids == 3)
    execute(engine, "one", "sh", "-c", "sleep 100 >/dev/null 2>&1 &")
    eventually(lambda: engine.stats("one").pids == 4)


def test_a_paused_container_uses_nothing_and_can_be_looked_at(engine: LocalEngine) -> None:
    start(engine, "busy", "while :; do :; done")
    engine.pause("busy")
    before = engine.stats("busy").cpu_seconds
    eventually(lambda: engine.container("busy").state == "paused")
    assert engine.stats("busy").cpu_seconds - before < 0.1
    engine.unpause("busy")
    eventually(lambda: engine.stats("busy").cpu_seconds > before + 0.1)


def test_what_has_ended_uses_nothing(engine: LocalEngine) -> None:
    start(engine, "one", "true")
    engine.wait("one", timeout=10)
    with pytest.raises(Conflict, match="is not running"):
        engine.stats("one")
