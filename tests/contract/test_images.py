"""Images: names, load and save, import, removal; and a small build."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.building import BuildEvent
from schemas.engine import Engine
from schemas.errors import BuildFailed, Conflict, NotFound
from schemas.records import Progress
from tests.contract.making import IMAGE, make, start
from tests.support import images
from tests.support.containers import output


def quiet(progress: Progress) -> None:
    """Nobody looks."""


def test_an_image_is_found_by_name_id_and_prefix(engine: Engine) -> None:
    found = engine.image(IMAGE)
    assert found is not None
    assert found.tags == (IMAGE,)
    assert (found.os, found.architecture) == ("linux", "amd64")
    assert found.size > 100_000
    for name in ("busybox", found.id, found.id[7:19]):
        again = engine.image(name)
        assert again is not None
        assert again.id == found.id
    assert engine.image("nothing:here") is None
    assert found.id in {each.id for each in engine.images()}
    assert engine.image_inspect(IMAGE)["Id"] == found.id
    with pytest.raises(NotFound, match="nothing:here"):
        engine.image_inspect("nothing:here")


def test_names_are_given_and_taken(engine: Engine) -> None:
    engine.tag_image(IMAGE, "mine/box:1")
    engine.tag_image(IMAGE, "mine/box")
    found = engine.image("mine/box:1")
    assert found is not None
    assert set(found.tags) == {IMAGE, "mine/box:1", "mine/box:latest"}
    assert engine.remove_image("mine/box:1") == ["Untagged: mine/box:1"]
    assert engine.remove_image("mine/box") == ["Untagged: mine/box:latest"]
    assert engine.image("mine/box") is None
    with pytest.raises(NotFound):
        engine.remove_image("mine/box")
    with pytest.raises(NotFound):
        engine.tag_image("nothing:here", "x:1")


def test_an_archive_is_loaded_used_and_saved(engine: Engine, tmp_path: Path) -> None:
    settings = {
        "Cmd": ["echo", "from the image"],
        "Labels": {"a": "b"},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "Healthcheck": {"Test": ["CMD", "true"]},
    }
    path = tmp_path / "in.tar"
    path.write_bytes(images.docker_archive([images.busybox_layer()], ["app:1", "app:2"], settings))
    [made] = engine.load_images(str(path), sink=quiet)
    assert set(made.tags) == {"app:1", "app:2"}
    assert (made.labels, made.exposed, made.volumes) == ({"a": "b"}, ("80/tcp",), ("/data",))
    assert made.has_healthcheck
    info = engine.create({"name": "one", "image": "app:1", "network_mode": "none"})
    assert info.command == ("echo", "from the image")
    assert info.exposed == ("80/tcp",)
    assert [(point.target, point.anonymous) for point in info.mounts] == [("/data", True)]
    engine.start("one")
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["from the image"]
    with pytest.raises(Conflict):
        engine.remove_image(made.id)
    engine.remove("one", volumes=True)
    saved = tmp_path / "out.tar"
    engine.save_images(["app:1"], str(saved))
    for name in ("app:1", "app:2"):
        engine.remove_image(name)
    assert engine.image(made.id) is None
    [again] = engine.load_images(str(saved), sink=quiet)
    assert again.id == made.id
    assert again.tags == ("app:1",)
    engine.remove_image("app:1")
    with pytest.raises(NotFound):
        engine.save_images(["app:1"], str(saved))


def test_a_broken_archive_is_an_error(engine: Engine, tmp_path: Path) -> None:
    from schemas.errors import EngineError

    path = tmp_path / "x.tar"
    path.write_text("no archive at all")
    with pytest.raises(EngineError):
        engine.load_images(str(path), sink=quiet)
    with pytest.raises(EngineError, match=r"gone\.tar"):
        engine.load_images(str(tmp_path / "gone.tar"), sink=quiet)


def test_a_root_filesystem_is_imported(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "root.tar"
    path.write_bytes(images.busybox_layer())
    made = engine.import_image(
        str(path),
        "base:1",
        changes=['CMD ["echo", "hi"]', "ENV A=b C=d"],
        message="why",
        sink=quiet,
    )
    assert made.tags == ("base:1",)
    script = "echo $A ${C-none}"
    info = make(engine, "one", "sh", "-c", script, image="base:1", environment={"C": None})
    engine.start(info.id)
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["b none"]
    engine.remove("one")
    engine.remove_image("base:1")


def test_an_image_is_built(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM busybox\nARG WORD=none\nRUN echo $WORD > /word\nCOPY page /page\nLABEL a=b\n"
    )
    (tmp_path / "page").write_text("page\n")
    said: list[BuildEvent] = []
    made = engine.build(
        {
            "context": str(tmp_path),
            "args": {"WORD": "given"},
            "tags": ["built:1", "built:2"],
            "network": "none",
        },
        sink=said.append,
    )
    assert set(made.tags) == {"built:1", "built:2"}
    assert made.labels["a"] == "b"
    titles = {event.title for event in said}
    assert any(title.endswith("RUN echo given > /word") for title in titles)
    start(engine, "one", "cat /word /page", image="built:1")
    engine.wait("one", timeout=10)
    assert output(engine, "one") == ["given", "page"]
    engine.remove("one")
    said.clear()
    again = engine.build(
        {
            "context": str(tmp_path),
            "args": {"WORD": "given"},
            "tags": ["built:1"],
            "network": "none",
        },
        sink=said.append,
    )
    assert again.id == made.id
    assert sum(event.kind == "cached" for event in said) >= 2
    for name in made.tags:
        engine.remove_image(name)


def test_a_failing_step_is_told_with_its_place(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo well; exit 3\n")
    with pytest.raises(BuildFailed, match="exit code: 3") as caught:
        engine.build({"context": str(tmp_path), "network": "none"}, sink=lambda event: None)
    assert (caught.value.line, caught.value.code) == (2, 3)
    assert caught.value.output.strip() == "well"
    assert "RUN echo well" in caught.value.title
    assert "Dockerfile:2" in caught.value.excerpt
