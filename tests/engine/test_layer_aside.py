"""Large layers are unpacked by a process of their own: with the same outcome, the same errors, and nothing left of it."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.image.blobs import BlobStore
from engine.image.layers import bring
from engine.snapshot import aside
from engine.snapshot.store import LayerStore
from schemas.errors import Failed, InvalidArgument
from tests.support.eventually import eventually
from tests.support.images import directory, member, symlink, tar

pytestmark = pytest.mark.usefixtures("state")
BIG = member("big", os.urandom(aside.WORTHWHILE + 4096))


def chunks(data: bytes, size: int = 100_000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def children() -> list[int]:
    """The processes that unpack for us."""
    found = []
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        try:
            if b"engine.snapshot.unpacking" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
        except OSError:
            continue  # it has ended
    return found


def left(root: Path) -> list[str]:
    return [
        path.name
        for place in ("tmp", "layers", "blobs/sha256")
        for path in (root / place).glob("*")
    ]


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_large_layer_is_as_a_small_one(
    state: tuple[Path, Path], packed: Callable[[bytes], bytes]
) -> None:
    root = str(state[0])
    rest = [
        directory("etc", uid=7),
        symlink("etc/link", "../big"),
        member("etc/last", b"x", mode=0o640),
    ]
    row = bring(BlobStore(root), LayerStore(root), chunks(packed(tar(BIG, *rest))))
    layer = Path(LayerStore(root).path(row.diff_id))
    assert (layer / "etc/link").read_bytes() == BIG[1]
    assert (layer / "etc").stat().st_uid == 7
    assert (layer / "etc/last").stat().st_mode & 0o7777 == 0o640
    assert row.size == len(BIG[1]) + 1
    assert children() == []


def test_what_is_wrong_with_it_is_said_in_the_same_words(state: tuple[Path, Path]) -> None:
    root = str(state[0])
    with pytest.raises(InvalidArgument, match=r"the layer holds a name outside of it: \.\./out"):
        bring(BlobStore(root), LayerStore(root), chunks(tar(BIG, member("../out", b"x"))))
    with pytest.raises(Failed, match="the archive ends too early"):
        bring(BlobStore(root), LayerStore(root), chunks(tar(BIG)[: aside.WORTHWHILE + 600]))
    assert left(state[0]) == []
    assert not (state[0].parent / "out").exists()


def test_a_source_that_fails_ends_the_process(state: tuple[Path, Path]) -> None:
    root = str(state[0])

    def broken() -> Iterator[bytes]:
        yield tar(BIG)
        raise Failed("the connection is gone")

    with pytest.raises(Failed, match="the connection is gone"):
        bring(BlobStore(root), LayerStore(root), broken())
    assert left(state[0]) == []
    assert children() == []


def test_a_process_that_is_killed_is_an_error_and_leaves_nothing(state: tuple[Path, Path]) -> None:
    root = str(state[0])
    killed = threading.Event()

    def slow() -> Iterator[bytes]:
        data = tar(BIG)
        yield data[:-4096]
        deadline = time.monotonic() + 10
        while not killed.is_set() and time.monotonic() < deadline:
            for pid in children():
                os.kill(pid, signal.SIGKILL)
                killed.set()
            time.sleep(0.01)
        time.sleep(0.1)
        yield data[-4096:]

    with pytest.raises(Failed, match="the process that unpacks a layer was killed"):
        bring(BlobStore(root), LayerStore(root), slow())
    assert killed.is_set()
    assert left(state[0]) == []


def test_it_ends_with_the_command_it_works_for(state: tuple[Path, Path]) -> None:
    # Stopped it does not notice that nothing comes any more: only the end of its parent ends it.
    code = """
import os, signal, sys, time
from pathlib import Path
from engine.snapshot import aside

def chunks():
    yield bytes(1 << 20)
    [child] = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    while b"engine.snapshot.unpacking" not in Path(f"/proc/{child}/cmdline").read_bytes():
        time.sleep(0.01)
    time.sleep(0.5)  # it has begun
    os.kill(int(child), signal.SIGSTOP)
    print(child, flush=True)
    time.sleep(1000)

os.makedirs(sys.argv[1])
assert aside.is_free()
aside.unpack(chunks(), sys.argv[1])
"""
    command = [sys.executable, "-c", code, str(state[0] / "layer")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = process.stdout.readline().strip()
        process.kill()
    try:
        eventually(lambda: not runs(child), within=10)
    finally:
        if runs(child):
            os.kill(int(child), signal.SIGKILL)


def runs(pid: str) -> bool:
    """Whether the process is there, and not only its exit code."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def test_when_all_places_are_taken_it_is_unpacked_here(state: tuple[Path, Path]) -> None:
    root = str(state[0])
    taken = 0
    try:
        while aside.is_free():
            taken += 1
        row = bring(BlobStore(root), LayerStore(root), chunks(tar(BIG)))
    finally:
        for _ in range(taken):
            aside._slots.release()
    assert row.size == len(BIG[1])
