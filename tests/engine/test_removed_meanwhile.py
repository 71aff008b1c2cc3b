"""Images that another command removes the moment they are there, or while they are used: whoever made them does not mind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine import image_files, image_names, images
from engine.build import builder
from engine.state import images as rows
from engine.state import journal
from schemas.building import BuildEvent
from schemas.errors import NotFound
from schemas.records import Progress
from tests.support.images import docker_archive, member, tar, write_busybox

if TYPE_CHECKING:
    from engine.local import LocalEngine

ONE = tar(member("one", b"1"))
TWO = tar(member("two", b"2"))


def silent(_: Any) -> None:
    pass


@pytest.mark.usefixtures("state")
def test_one_is_loaded_although_it_goes_while_the_next_is(tmp_path: Path) -> None:
    path = tmp_path / "images.tar"
    path.write_bytes(docker_archive([ONE], ["one:1"]))
    image_files.load(str(path), sink=silent)
    path.write_bytes(docker_archive([TWO], ["two:1"]))
    image_files.load(str(path), sink=silent)
    image_files.save(["one:1", "two:1"], str(path))
    image_names.remove("one:1")
    image_names.remove("two:1")

    def remove(progress: Progress) -> None:
        if images.image("one:1") is not None:
            image_names.remove("one:1")

    one, two = image_files.load(str(path), sink=remove)
    assert (one.tags, two.tags) == (("one:1",), ("two:1",))
    assert images.image("one:1") is None


@pytest.mark.usefixtures("state")
def test_one_that_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "root.tar"
    path.write_bytes(ONE)

    def remove(progress: Progress) -> None:
        if progress.status == "done":
            image_names.remove("mine")

    assert image_files.import_rootfs(str(path), "mine", changes=[], sink=remove).tags == (
        "mine:latest",
    )
    assert images.image("mine") is None


@pytest.mark.usefixtures("state")
def test_one_that_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append = journal.append

    def told(type: str, action: str, id: str, attributes: dict[str, str]) -> None:
        append(type, action, id, attributes)
        if action == "build":  # somebody follows the events
            image_names.remove("built")

    monkeypatch.setattr(journal, "append", told)
    spec: Any = {"context": str(tmp_path), "dockerfile_inline": "FROM scratch\nLABEL a=b\n"}
    assert builder.build({**spec, "tags": ["built"]}, silent).tags == ("built:latest",)
    assert images.image("built") is None


@pytest.mark.usefixtures("state")
def test_one_that_goes_after_it_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(docker_archive([ONE], ["app:1"]))
    find = images.find
    for use in (image_names.remove, lambda text: image_names.tag(text, "app:2"), _resolved):
        image_files.load(str(path), sink=silent)

        def found(text: str) -> str | None:
            monkeypatch.setattr(images, "find", find)
            id = find(text)
            image_names.remove(text)
            return id

        monkeypatch.setattr(images, "find", found)
        with pytest.raises(NotFound, match=r"^No such image: app:1$"):
            use("app:1")


def _resolved(text: str) -> None:
    if images.resolve(text) is None:
        raise images.no_such_image(text)


def test_the_base_of_a_build_that_goes_while_it_runs(engine: LocalEngine, tmp_path: Path) -> None:
    engine.load_images(str(write_busybox(tmp_path / "busybox.tar")), sink=silent)
    below = [layer.diff_id for layer in rows.layers(images.find("busybox") or "")]
    assert below

    def remove(event: BuildEvent) -> None:
        if event.kind == "log" and b"now" in event.data:
            engine.remove_image("busybox")

    text = "FROM busybox\nRUN echo now; sleep 0.2; echo 1 > /one\n"
    spec: Any = {"context": str(tmp_path), "dockerfile_inline": text, "network": "none"}
    made = engine.build({**spec, "tags": ["built"]}, sink=remove)
    assert engine.image("busybox") is None
    assert [layer.diff_id for layer in rows.layers(made.id)][:-1] == below
    assert Path(images.layers(made.id)[0], "one").read_text() == "1\n"
    engine.remove_image("built")
