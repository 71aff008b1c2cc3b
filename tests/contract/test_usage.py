"""What takes up room, how images were made, and the build cache: the same words from every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from compose.ops import pruning
from schemas.engine import Engine
from tests.contract.making import IMAGE, make, start
from tests.support.containers import output
from tests.support.images import busybox_layer

NOTHING = pruning.PruneFilters()
STEPS = "LABEL a=b\nRUN head -c 4096 /dev/zero > /four\n"


def built(engine: Engine, tmp_path: Path, *, base: str = "busybox") -> str:
    spec: Any = {
        "context": str(tmp_path), "dockerfile_inline": f"FROM {base}\n{STEPS}", "tags": ["made:1"], "network": "none",
    }  # fmt: skip
    return engine.build(spec, sink=lambda event: None).id


def test_history_names_every_step(engine: Engine, tmp_path: Path) -> None:
    root = tmp_path / "root.tar"
    root.write_bytes(busybox_layer())
    engine.import_image(str(root), "base:1", changes=[], message="why", sink=lambda progress: None)
    id = built(engine, tmp_path, base="base:1")
    steps = engine.image_history("made:1")
    assert (steps[0].id, steps[0].tags) == (id, ("made:1",))
    assert [step.size for step in steps[:2]] == [4096, 0]
    assert "head -c 4096 /dev/zero > /four" in steps[0].created_by
    assert "LABEL a=b" in steps[1].created_by
    assert steps[2].size > 100_000
    assert steps[2].comment == "why"
    assert not any(step.id or step.tags for step in steps[1:])
    engine.remove_image("made:1")
    engine.remove_image("base:1")


def test_usage_counts_images_containers_and_volumes(engine: Engine, tmp_path: Path) -> None:
    id = built(engine, tmp_path)
    engine.create_volume({"name": "usage-volume"})
    mounts: Any = [{"type": "volume", "source": "usage-volume", "target": "/v"}]
    script = "head -c 1000 /dev/zero > /own; head -c 500 /dev/zero > /v/file; echo written"
    made = start(engine, "writer", f"{script}; exec sleep 1000", mounts=mounts)
    while output(engine, made.id) != ["written"]:
        pass
    usage = engine.disk_usage()
    of = {each.image.id: each for each in usage.images}
    base = engine.image(IMAGE)
    assert base is not None
    assert of[base.id].containers == 1
    assert of[id].image.size - of[id].shared == 4096
    assert of[base.id].shared == base.size
    assert {each.container.name: each.size for each in usage.containers} == {"writer": 1000}
    [volume] = [each for each in usage.volumes if each.volume.name == "usage-volume"]
    assert (volume.size, volume.links) == (500, 1)
    engine.remove_image("made:1")


def test_prunes_take_what_nothing_uses(engine: Engine, tmp_path: Path) -> None:
    built(engine, tmp_path)
    running = start(engine, "stays", "exec sleep 1000")
    stopped = make(engine, "goes", "true")
    assert pruning.containers(engine, NOTHING).lines == [stopped.id]
    assert [info.id for info in engine.containers()] == [running.id]
    assert pruning.images(engine, NOTHING).lines == [], "it has a name"
    wanted = NOTHING._replace(labels=("a=b",))
    assert "untagged: made:1" in pruning.images(engine, wanted, everything=True).lines
    assert engine.image("made:1") is None
    assert engine.image(IMAGE) is not None
    assert engine.prune_build_cache(everything=True).busy is False
    assert [each for each in engine.disk_usage().cache if each.kind == "regular"] == []
