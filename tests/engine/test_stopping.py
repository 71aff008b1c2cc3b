"""A stop that outlives the command which asked for it."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from engine import paths, starting
from engine.local import LocalEngine
from engine.runtime import cleaning, launcher, messages
from engine.state import containers as rows
from schemas.errors import Conflict
from tests.support.containers import execute, make, output, shim, start
from tests.support.eventually import eventually

# Takes its time to end, so that somebody can come by meanwhile.
SLOW = "trap 'sleep 0.5; exit 3' TERM; echo set; while :; do sleep 0.02; done"


def _ask(id: str, timeout: float | None = None) -> messages.Socket:
    """Send a request to stop, and stay."""
    connection = messages.connect(f"{paths.runtime_dir(id)}/ctl.sock")
    messages.send(connection, {"type": "stop", "timeout": timeout, "signal": None})
    return connection


def test_a_start_waits_for_the_end_that_somebody_else_asked_for(
    engine: LocalEngine, tmp_path: Path
) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    script = (
        "trap 'until [ -e /allowed/end ]; do sleep 0.02; done; exit 3' TERM; "
        "echo set; while :; do sleep 0.02; done"
    )
    mount = {"type": "bind", "source": str(allowed), "target": "/allowed", "read_only": True}
    made = start(engine, "one", script, mounts=[mount])
    eventually(lambda: output(engine, "one") == ["set"])
    connection = _ask(made.id)
    eventually(lambda: engine.container("one").stopping)
    connection.close()
    assert engine.container("one").state == "running", "it may not end yet"
    permit = threading.Timer(0.3, (allowed / "end").touch)
    permit.start()
    engine.start("one")
    permit.join()
    now = engine.container("one")
    assert (now.state, now.stopping) == ("running", False)
    assert now.pid != made.pid
    eventually(lambda: output(engine, "one") == ["set", "set"])


def test_a_stop_whose_asker_has_gone_before_it_was_read_is_passed_over(engine: LocalEngine) -> None:
    made = start(engine, "one", SLOW)
    eventually(lambda: output(engine, "one") == ["set"])
    supervisor = shim("one")
    os.kill(supervisor, signal.SIGSTOP)
    _ask(made.id, timeout=0).close()
    os.kill(supervisor, signal.SIGCONT)
    execute(engine, "one", "true")  # answered after what came before
    time.sleep(0.2)
    now = engine.container("one")
    assert (now.state, now.stopping, now.pid) == ("running", False, made.pid)


def test_a_new_shim_goes_on_with_the_stop_of_the_one_before(engine: LocalEngine) -> None:
    made = start(
        engine, "one", "trap '' TERM; echo set; while :; do sleep 0.02; done", stop_grace_period=0.5
    )
    eventually(lambda: output(engine, "one") == ["set"])
    connection = _ask(made.id)
    eventually(lambda: engine.container("one").stopping)
    os.kill(shim("one"), signal.SIGKILL)
    connection.close()
    engine.start("one")
    now = engine.container("one")
    assert (now.state, now.stopping) == ("running", False)
    assert now.pid != made.pid


def test_a_start_that_meets_the_start_of_a_killed_command_is_satisfied(engine: LocalEngine) -> None:
    """That command's lock is gone with it, and its supervisor goes on: as here, where nobody holds the lock."""
    row = rows.get(make(engine, "one", "sleep", "1000").id)
    for _ in range(10):
        starting._write(row.id, starting.build(row))
        other = threading.Thread(target=_start_anyhow, args=(row.id,))
        other.start()
        engine.start("one")
        other.join()
        assert engine.container("one").state == "running"
        engine.stop("one", timeout=0)


def test_a_start_waits_for_the_failing_start_of_a_killed_command(engine: LocalEngine) -> None:
    """That one's supervisor takes away what it finds at its end, and so what this start has written."""
    id = make(engine, "one", "sleep", "1000").id
    directory = Path(paths.runtime_dir(id))
    directory.mkdir(parents=True)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    other = threading.Thread(target=engine.start, args=(id,))
    other.start()
    eventually((directory / "bundle.json").exists)
    time.sleep(0.2)  # its builder waits for the lock
    cleaning.remove_directory(str(directory))
    os.close(lock)
    other.join()
    assert engine.container("one").state == "running"
    assert shim("one")


def _start_anyhow(id: str) -> None:
    with suppress(Conflict):
        launcher.start(id)
