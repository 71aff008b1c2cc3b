"""Containers that take all they can get: they are held, and their neighbours go on."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.containers import execute, make, output, shim, start
from tests.support.eventually import eventually

if TYPE_CHECKING:
    from engine.local import LocalEngine


@pytest.fixture
def beside(engine: LocalEngine) -> Iterator[LocalEngine]:
    """A neighbour that must be as it was when the test ends: running, answering, never restarted."""
    start(engine, "neighbour", "while :; do date +%s%N > /beat; sleep 0.05; done")
    yield engine
    info = engine.container("neighbour")
    assert (info.state, info.restarts, info.oom_killed) == ("running", 0, False)
    before = execute(engine, "neighbour", "cat", "/beat").out
    eventually(lambda: execute(engine, "neighbour", "cat", "/beat").out != before)


def test_a_fork_bomb_stops_at_its_limit_and_can_be_ended(beside: LocalEngine) -> None:
    code = (
        "import os, time\nwhile True:\n"
        "    try:\n        os.fork()\n    except OSError:\n        time.sleep(0.01)\n"
    )
    make(beside, "bomb", "python3", "-c", code, limits={"pids": 40})
    beside.start("bomb")
    eventually(lambda: beside.stats("bomb").pids >= 35)
    assert beside.stats("bomb").pids <= 40
    beside.kill("bomb")
    beside.wait("bomb", timeout=10)
    assert beside.container("bomb").state == "exited"


def test_a_bomb_in_the_machines_pid_namespace_is_killed_as_a_whole(beside: LocalEngine) -> None:
    mark = f"{time.time_ns() // 1000}"
    start(
        beside, "bomb", f"for i in 1 2 3 4 5 6 7 8; do sleep {mark} & done; exec sleep {mark}",
        pid="host", limits={"pids": 40},
    )  # fmt: skip
    eventually(lambda: len(_processes(f"sleep\0{mark}")) == 9)
    beside.kill("bomb")
    beside.wait("bomb", timeout=10)
    eventually(lambda: _processes(f"sleep\0{mark}") == [])


def test_who_takes_memory_without_end_is_killed_alone(beside: LocalEngine) -> None:
    limits = {"memory": 24 << 20, "memory_swap": 24 << 20}
    make(
        beside,
        "hog",
        "python3",
        "-c",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        limits=limits,
    )
    beside.start("hog")
    found = beside.wait("hog", timeout=20)
    assert (found.code, found.oom_killed) == (137, True)
    state = beside.inspect("hog")["State"]
    assert (state["OOMKilled"], state["ExitCode"]) == (True, 137)  # type: ignore[index]
    actions = [
        event.action for event in beside.events(follow=False) if event.attributes["name"] == "hog"
    ]
    assert actions == ["create", "start", "oom", "die"]


def test_a_child_that_is_killed_for_memory_is_reported_though_its_parent_goes_on(
    beside: LocalEngine,
) -> None:
    limits = {"memory": 24 << 20, "memory_swap": 24 << 20}
    script = "python3 -c 'bytearray(200 << 20)'; echo $?; exit 5"
    make(beside, "parent", "sh", "-c", script, limits=limits)
    beside.start("parent")
    found = beside.wait("parent", timeout=20)
    assert (found.code, found.oom_killed) == (5, True)
    assert output(beside, "parent")[-1] == "137"


def test_a_kill_for_memory_is_told_at_once(beside: LocalEngine) -> None:
    limits = {"memory": 24 << 20, "memory_swap": 24 << 20}
    make(
        beside,
        "parent",
        "sh",
        "-c",
        "python3 -c 'bytearray(200 << 20)'; exec sleep 100",
        limits=limits,
    )
    beside.start("parent")
    eventually(lambda: beside.container("parent").oom_killed)
    assert beside.container("parent").state == "running"
    events = [
        event.action
        for event in beside.events(follow=False)
        if event.attributes["name"] == "parent"
    ]
    assert events == ["create", "start", "oom"]
    beside.kill("parent")
    beside.wait("parent", timeout=10)
    assert beside.container("parent").oom_killed


def test_a_flood_of_output_is_cut_by_rotation(beside: LocalEngine) -> None:
    start(
        beside, "loud", "exec yes 'a line that is written over and over again'",
        logging={"driver": "json-file", "options": {"max-size": "256k", "max-file": "3"}},
    )  # fmt: skip
    directory = Path(os.environ["PYCOMPOSE_ROOT"]) / "containers" / beside.container("loud").id
    eventually(lambda: (directory / "log.2").exists())
    for _ in range(20):
        kept = sum(_size(path) for path in directory.glob("log*"))
        assert kept <= 3 * (256 << 10) + (1 << 20)
        time.sleep(0.02)
    assert _memory(shim("loud")) < 64 << 20
    beside.kill("loud")
    beside.wait("loud", timeout=10)
    assert output(beside, "loud", tail=3)[0] == "a line that is written over and over again"


def test_output_that_nobody_reads_any_more_does_not_grow_in_memory(beside: LocalEngine) -> None:
    # A client that stops reading holds the container's output back instead of filling the supervisor.
    start(beside, "loud", "sleep 0.3; exec yes", logging={"driver": "none"})
    channel = beside.attach("loud")
    time.sleep(1.0)
    assert _memory(shim("loud")) < 64 << 20
    channel.close()


def test_a_full_disk_of_its_own_stops_only_itself(beside: LocalEngine) -> None:
    mount = {"type": "tmpfs", "target": "/small", "size": 1 << 20}
    start(
        beside,
        "filler",
        "dd if=/dev/zero of=/small/x bs=64k 2>&1; df /small | tail -1",
        mounts=[mount],
    )
    beside.wait("filler", timeout=10)
    assert any("No space left" in line for line in output(beside, "filler"))


def test_many_descriptors_are_the_containers_own(beside: LocalEngine) -> None:
    script = "import os\nn=0\ntry:\n    while True: os.open('/', 0); n+=1\nexcept OSError as e: print(n, e.errno)"
    make(beside, "opener", "python3", "-c", script, ulimits={"nofile": {"soft": 200, "hard": 200}})
    beside.start("opener")
    beside.wait("opener", timeout=10)
    (line,) = output(beside, "opener")
    assert 150 < int(line.split()[0]) < 200
    assert line.split()[1] == "24"
    assert len(os.listdir("/proc/self/fd")) < resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2


def test_a_flood_of_queries_holds_up_nobody_else(beside: LocalEngine) -> None:
    beside.create_network({"name": "lan"})
    place = {"network_mode": "", "endpoints": [{"network": "lan", "aliases": ["friend"]}]}
    start(beside, "friend", "exec sleep 100", **place)
    code = (
        "import os, socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setblocking(False)\n"
        "end = b'\\x07example\\x04test\\0\\0\\x01\\0\\x01'\n"
        "open('/ready', 'w')\n"
        "while True:\n"
        "    name = os.urandom(4).hex().encode()\n"
        "    q = os.urandom(2) + b'\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + bytes([len(name)]) + name + end\n"
        "    try: s.sendto(q, ('127.0.0.11', 53))\n"
        "    except OSError: pass\n"
    )
    make(
        beside,
        "flood",
        "python3",
        "-c",
        code,
        limits={"cpus": 0.5},
        **{**place, "endpoints": [{"network": "lan"}]},
    )
    beside.start("flood")
    eventually(lambda: execute(beside, "flood", "test", "-e", "/ready").code == 0)
    ask = "import socket; print(socket.gethostbyname('friend'))"
    for _ in range(3):
        done = execute(beside, "friend", "python3", "-c", ask)
        assert done.out.strip() == beside.container("friend").networks[0].ipv4.encode(), done
    assert _memory(shim("flood")) < 64 << 20
    assert len(os.listdir(f"/proc/{shim('flood')}/fd")) < 100
    for name in ("flood", "friend"):
        beside.remove(name, force=True)
    beside.remove_network("lan")


def _size(path: Path) -> int:
    """None of a file that has been rotated away meanwhile."""
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _processes(words: str) -> list[str]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if (directory / "cmdline").read_bytes().decode().rstrip("\0") == words:
                found.append(directory.name)
        except OSError:
            continue
    return found


def _memory(pid: int) -> int:
    """Bytes of memory that a process has for itself."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Private_"))
