"""What a container does to the devices that it has does not reach the host's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.containers import execute, output, start
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from engine.local import LocalEngine

# The null device stands in for masked files, and for input and output that nobody wants.
_PLACES = "/dev/null /proc/kcore /proc/keys /proc/timer_list"
_WHERE = f"for place in {_PLACES} /proc/self/fd/*; do stat -L -c '%D %n' $place 2>/dev/null; done"


@pytest.fixture
def idle(engine: LocalEngine) -> LocalEngine:
    start(engine, "one", f"{_WHERE}; exec sleep 100")
    return engine


def _devices(lines: list[str]) -> set[str]:
    return {line.split()[0] for line in lines}


def test_no_null_device_of_the_container_is_the_hosts(idle: LocalEngine) -> None:
    host = f"{os.stat(os.devnull).st_dev:x}"
    lines = eventually(lambda: len(found := output(idle, "one")) > 4 and found)
    assert any("/proc/self/fd/0" in line for line in lines)
    assert any("/proc/keys" in line for line in lines)
    assert host not in _devices(lines)


def test_no_null_device_of_a_further_process_is_the_hosts(idle: LocalEngine) -> None:
    host = f"{os.stat(os.devnull).st_dev:x}"
    execute(idle, "one", "sh", "-c", f"({_WHERE}) > /found", detach=True)
    said = execute(idle, "one", "sh", "-c", f"sleep 0.2; cat /found; {_WHERE}").out.decode()
    assert "/proc/self/fd/2" in said
    assert host not in _devices(said.splitlines())


def test_a_masked_file_cannot_be_changed_and_can_be_read(idle: LocalEngine) -> None:
    done = execute(idle, "one", "sh", "-c", "chmod 600 /proc/keys; cat /proc/keys; echo $?")
    assert (done.out, b"Read-only" in done.err) == (b"0\n", True)


def test_a_false_null_device_is_not_taken_for_one(engine: LocalEngine) -> None:
    start(engine, "one", "exec sleep 100")  # a program that does not write to /dev/null itself
    # The container may put what it likes at /dev/null; what it put there is not written to in the engine's name.
    execute(engine, "one", "sh", "-c", "echo kept > /trap; rm /dev/null; ln -s /trap /dev/null")
    with pytest.raises(Exception, match="/dev/null of the container is another file"):
        execute(engine, "one", "sh", "-c", "echo lost", detach=True)
    assert execute(engine, "one", "cat", "/trap").out == b"kept\n"
