"""Pull, build, run and prune beside each other, and killed in the middle: what is in use stays, and the rest goes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine import images
from engine.build import pruning
from engine.image import gc
from engine.state import images as rows
from tests.support.containers import output
from tests.support.images import directory, member, tar, write_busybox
from tests.support.registry import OCI_LAYER, Registry, running
from tests.support.store import rubbish

if TYPE_CHECKING:
    from engine.local import LocalEngine

DOCKERFILE = """
FROM busybox
RUN echo {0} > /made; head -c 300000 /dev/urandom > /big
RUN --mount=type=cache,target=/cache date > /cache/when; cat /made > /again
"""
# What every worker begins with; a worker that meets an error that is none of the allowed ones ends with a traceback.
BEGIN = """
import os, sys, time
from compose.ops import pruning
from engine.local import LocalEngine
from schemas.errors import Conflict, NotFound

engine = LocalEngine()
silent = lambda _: None
rounds = int(sys.argv[1])
"""
PULLER = """
for _ in range(rounds):
    engine.pull(sys.argv[2], sink=silent)
    try:
        engine.remove_image(sys.argv[2])
    except NotFound:
        pass  # pruned
"""
BUILDER = """
for number in range(rounds):
    text = sys.argv[2].format(number % 2)
    spec = {"context": sys.argv[4], "dockerfile_inline": text, "tags": [sys.argv[3]], "network": "none"}
    engine.build(spec, sink=silent)
"""
RUNNER = """
for number in range(rounds):
    spec = {"name": f"runner-{os.getpid()}", "image": "busybox", "network_mode": "none"}
    spec["command"] = ["sh", "-c", "echo $((40 + 2))"]
    made = engine.create(spec)
    try:
        engine.start(made.id)
        assert engine.wait(made.id, timeout=30).code == 0
        engine.remove(made.id, force=True, volumes=True)
    except NotFound:
        pass  # pruned before it ran, or after
"""
PRUNER = """
nothing = pruning.PruneFilters()
for _ in range(rounds):
    pruning.containers(engine, nothing)
    pruning.images(engine, nothing, everything=True)
    try:
        pruning.cache(engine, nothing, everything=True)
    except Conflict:
        pass  # a build runs
"""


@pytest.fixture(scope="module")
def registry(
    tmp_path_factory: pytest.TempPathFactory, private_namespaces: None
) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def guarded(engine: LocalEngine, tmp_path: Path) -> str:
    """A container that runs all the time; the busybox image is in use because of it."""
    engine.load_images(str(write_busybox(tmp_path / "busybox.tar")), sink=lambda _: None)
    spec: Any = {"name": "guard", "image": "busybox", "network_mode": "none"}
    made = engine.create({**spec, "command": ["sh", "-c", "echo here; exec sleep 1000"]})
    engine.start(made.id)
    (tmp_path / "context").mkdir()
    return made.id


def begin(code: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + code, *words], stderr=subprocess.PIPE, text=True
    )


def whole(engine: LocalEngine, guard: str) -> None:
    """Everything that a row tells of is there, nothing else is, and the container has not noticed anything."""
    engine.close()
    images.sweep()
    gc.collect()
    root = Path(os.environ["PYCOMPOSE_ROOT"])
    assert rubbish(root) == []
    for info in images.images():
        for layer in images.layers(info.id):
            assert os.path.isdir(layer), (info.tags, layer)
    known = {
        layer.diff_id.partition(":")[2]
        for info in images.images()
        for layer in rows.layers(info.id)
    }
    assert {path.name for path in (root / "layers").iterdir()} == known
    for record in pruning.records():
        if record.kind == "regular":
            assert (root / "build/snapshots" / record.id / "fs").is_dir()
    assert engine.container(guard).state == "running"
    assert output(engine, guard) == ["here"]
    assert images.resolve("busybox") is not None


def test_pull_build_run_and_prune_side_by_side(
    engine: LocalEngine, guarded: str, registry: Registry, tmp_path: Path
) -> None:
    one = tar(directory("etc"), member("etc/one", os.urandom(500_000)))
    registry.image("side/app", "1", [(OCI_LAYER, one, one)])
    name = f"{registry.address}/side/app:1"
    context = str(tmp_path / "context")
    workers = [
        begin(PULLER, "4", name),
        begin(PULLER, "4", name),
        begin(BUILDER, "3", DOCKERFILE, "built:1", context),
        begin(BUILDER, "3", DOCKERFILE, "built:2", context),
        begin(RUNNER, "4"),
        begin(PRUNER, "8"),
    ]
    for worker in workers:
        _, said = worker.communicate(timeout=120)
        assert worker.returncode == 0, said
    whole(engine, guarded)


def test_killed_at_any_moment_the_store_is_whole(
    engine: LocalEngine, guarded: str, registry: Registry, tmp_path: Path
) -> None:
    one = tar(directory("etc"), member("etc/one", os.urandom(500_000)))
    registry.image("killed/app", "1", [(OCI_LAYER, one, one)])
    name = f"{registry.address}/killed/app:1"
    context = str(tmp_path / "context")
    chance = random.Random(4)
    for _ in range(5):
        workers = [
            begin(PULLER, "50", name),
            begin(BUILDER, "50", DOCKERFILE, "built:1", context),
            begin(PRUNER, "50"),
        ]
        time.sleep(0.25 + chance.random() * 0.6)
        for worker in chance.sample(workers, 3):
            worker.send_signal(signal.SIGKILL)
            time.sleep(chance.random() * 0.05)
        for worker in workers:
            worker.communicate()
    engine._unrecovered.append(True)
    engine.recover()
    whole(engine, guarded)
    # And it goes on as if nothing had been.
    spec: Any = {"context": context, "dockerfile_inline": DOCKERFILE.format(7), "tags": ["last"]}
    found = engine.build({**spec, "network": "none"}, sink=lambda _: None)
    assert Path(images.layers(found.id)[0], "again").read_text() == "7\n"
    assert engine.pull(name, sink=lambda _: None)
    engine.remove_image("last")
    engine.prune_build_cache(everything=True)
    whole(engine, guarded)
