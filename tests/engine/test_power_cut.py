"""What a power cut may leave: files without content under names that are right. The next boot finds them out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import image_files, images
from engine.image import gc, proof
from engine.state import db
from engine.state import images as rows
from tests.support.images import CONFIG, busybox_layer, directory, docker_archive, member, tar
from tests.support.store import rubbish

if TYPE_CHECKING:
    from engine.local import LocalEngine

pytestmark = pytest.mark.usefixtures("state")
LAYERS = [tar(directory("etc"), member(f"etc/{name}", name.encode() * 9)) for name in ("a", "b")]


def load(tmp_path: Path) -> str:
    path = tmp_path / "image.tar"
    path.write_bytes(docker_archive(LAYERS, ["app:1"]))
    [info] = image_files.load(str(path), sink=lambda _: None)
    return info.id


def cut(root: Path) -> None:
    """All that was brought so far was brought during another boot."""
    with db.transaction() as database:
        database.execute("UPDATE layers SET boot = 'before' WHERE boot <> ''")
    (root / "boot").write_text("before")


def empty(path: Path) -> None:
    """As a file is whose content never came to the disk."""
    os.truncate(path, 0)


def test_a_layer_that_lost_its_content_is_made_again_from_its_blob(
    state: tuple[Path, Path], tmp_path: Path
) -> None:
    id = load(tmp_path)
    top, bottom = images.layers(id)
    empty(Path(bottom, "etc/a"))
    os.unlink(Path(top, "etc/b"))
    cut(state[0])
    images.sweep()
    assert [Path(top, "etc/b").read_text(), Path(bottom, "etc/a").read_text()] == ["b" * 9, "a" * 9]
    assert rows.unproven() == []
    assert rubbish(state[0]) == []


def test_an_image_of_which_nothing_whole_is_left_is_forgotten_and_can_come_again(
    state: tuple[Path, Path], tmp_path: Path
) -> None:
    id = load(tmp_path)
    layer = rows.layers(id)[0]
    empty(Path(images.layers(id)[1], "etc/a"))
    empty(state[0] / "blobs/sha256" / layer.blob.partition(":")[2])
    cut(state[0])
    images.sweep()
    assert images.image("app:1") is None
    assert rubbish(state[0]) == []
    assert load(tmp_path) == id
    assert Path(images.layers(id)[1], "etc/a").read_text() == "a" * 9


def test_what_is_known_to_be_safe_is_not_touched(state: tuple[Path, Path], tmp_path: Path) -> None:
    id = load(tmp_path)
    assert len(rows.unproven()) == 2
    proof._prove([layer.diff_id for layer, _ in rows.unproven()])
    before = [os.stat(path).st_ino for path in images.layers(id)]
    cut(state[0])
    images.sweep()
    assert [os.stat(path).st_ino for path in images.layers(id)] == before


def test_a_later_command_finds_out_that_all_is_safe(
    state: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path)
    monkeypatch.setattr(proof, "_LITTLE", -1)
    images.sweep()
    gc.sweep()
    assert len(rows.unproven()) == 2, "while much is to be written nobody waits for the disk"
    monkeypatch.setattr(proof, "_LITTLE", 1 << 40)
    gc.sweep()
    assert rows.unproven() == []


def test_a_built_image_survives_without_its_cache(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(os.environ["PYCOMPOSE_ROOT"])
    path = tmp_path / "busybox.tar"
    path.write_bytes(docker_archive([busybox_layer()], ["busybox"], CONFIG))
    engine.load_images(str(path), sink=lambda _: None)
    text = "FROM busybox\nRUN echo content > /made\n"
    spec = {
        "context": str(tmp_path),
        "dockerfile_inline": text,
        "tags": ["built"],
        "network": "none",
    }
    found = engine.build(spec, sink=lambda _: None)  # type: ignore[arg-type]
    made = Path(images.layers(found.id)[0], "made")
    [snapshot] = (root / "build/snapshots").iterdir()
    empty(snapshot / "fs/made")
    cut(root)
    monkeypatch.setattr("engine.state.boot.started", lambda: float("inf"))  # all this was before
    images.sweep()
    assert made.read_text() == "content\n"
    assert list((root / "build/keys").iterdir()) == []
    assert list((root / "build/snapshots").iterdir()) == []
