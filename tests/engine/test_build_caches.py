"""Caches elsewhere: what one machine has built is not built again by another that is pointed to its cache."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from schemas.building import BuildEvent
from schemas.errors import EngineError, InvalidArgument, Unavailable, Unsupported
from tests.support import dockerfiles, registry
from tests.support.dockerfile_cases import TREE

if TYPE_CHECKING:
    from engine.local import LocalEngine

TWO_STAGES = """FROM base:1 AS tools
RUN echo tools > /tools
COPY a.txt /a
FROM base:1
RUN echo first > /first
WORKDIR /w
COPY --link b.txt /b
COPY --from=tools /tools /a /got/
"""
ALL = ["RUN echo first", "WORKDIR", "COPY --link", "COPY --from=tools"]
Machine = Callable[[str], None]


@pytest.fixture
def machine(
    engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    """Go to another machine, which has the base image and nothing else."""
    archive = tmp_path / "base.tar"
    archive.write_bytes(dockerfiles.base_archive())

    def leave() -> None:
        for network in engine.networks():
            if network.driver == "bridge":
                engine.remove_network(network.id)

    def go(name: str) -> None:
        leave()
        monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / name))
        engine.load_images(str(archive), sink=lambda _: None)

    go("one")
    yield go
    leave()
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / "lib"))


class Built:
    """What a build has reported."""

    def __init__(self, events: list[BuildEvent]) -> None:
        self.events = events

    def titles(self, kind: str) -> list[str]:
        return [event.title for event in self.events if event.kind == kind]

    def ran(self) -> list[str]:
        """Steps that were carried out, by their instruction."""
        return [title for title in self.titles("done") if title.startswith("[")]


def build(engine: LocalEngine, directory: Path, text: str = TWO_STAGES, **more: Any) -> Built:
    dockerfiles.write(dockerfiles.Case("x", text, TREE), fresh(directory))
    events: list[BuildEvent] = []
    spec = {"context": str(directory), "tags": ["built:1"], **more}
    engine.build(spec, sink=events.append)  # type: ignore[arg-type]
    return Built(events)


def fresh(directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    return directory


def files(engine: LocalEngine) -> tuple[Any, list[str]]:
    """The image's layers, and its config without what a cache says in it."""
    found: Any = engine.image_inspect("built:1")
    return found["RootFS"]["Layers"], found["Config"]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_cache_in_a_directory_spares_another_machine_the_steps(
    mode: str, engine: LocalEngine, machine: Machine, tmp_path: Path
) -> None:
    to = {"type": "local", "dest": str(tmp_path / "cache"), "mode": mode}
    first = build(engine, tmp_path / "x", cache_to=[to])
    assert len(first.ran()) == 6
    assert files(engine)[0]
    made = files(engine)
    machine("two")
    source = {"type": "local", "src": str(tmp_path / "cache")}
    again = build(engine, tmp_path / "x", cache_from=[source])
    assert again.ran() == []
    assert files(engine) == made
    # A stage that the image is not made of comes along only when everything is kept.
    text = TWO_STAGES.replace("echo first", "echo other")
    machine("three")
    changed = build(engine, tmp_path / "x", text, cache_from=[source])
    ran = " ".join(changed.ran())
    assert ("RUN echo tools" in ran) == (mode == "min")
    assert "RUN echo other" in ran
    assert "COPY --link" not in ran  # a layer of its own is the same on top of anything


def test_a_cache_in_a_registry_is_found_by_its_reference(
    engine: LocalEngine, machine: Machine, tmp_path: Path
) -> None:
    with registry.running(tmp_path / "registry") as server:
        ref = f"{server.address}/team/app:cache"
        to = {"type": "registry", "ref": ref, "mode": "max"}
        build(engine, tmp_path / "x", cache_to=[to])
        made = files(engine)
        # Written once more, from an own cache, it is the same.
        digest = server.digest("team/app", "cache")
        build(engine, tmp_path / "x", cache_to=[to])
        assert server.digest("team/app", "cache") == digest
        machine("two")
        again = build(engine, tmp_path / "x", cache_from=[{"type": "registry", "ref": ref}])
        assert again.ran() == []
        assert files(engine) == made
        # What was brought is the machine's own from now on: nobody is asked.
        unasked = build(engine, tmp_path / "x", cache_from=[{"type": "registry", "ref": ref}])
        assert not any("importing" in event.title for event in unasked.events)
        # What no image holds may be swept; it is brought again.
        engine.remove_image("built:1", force=True)
        again = build(engine, tmp_path / "x", cache_from=[{"type": "registry", "ref": ref}])
        assert again.ran() == []
        assert files(engine) == made


def test_an_image_carries_its_own_cache(
    engine: LocalEngine, machine: Machine, tmp_path: Path
) -> None:
    with registry.running(tmp_path / "registry") as server:
        ref = f"{server.address}/app:1"
        build(engine, tmp_path / "x", tags=["built:1", ref], cache_to=[{"type": "inline"}])
        engine.push(ref, sink=lambda _: None)
        made = files(engine)
        machine("two")
        source = [{"type": "registry", "ref": ref}]
        changed = TWO_STAGES.replace("/tools /a /got/", "/tools /got/")
        part = build(engine, tmp_path / "x", changed, cache_from=source)
        assert [title.partition("] ")[2] for title in part.ran()][
            -1
        ] == "COPY --from=tools /tools /got/"
        assert not any("RUN echo first" in title for title in part.ran())
        machine("three")
        whole = build(
            engine, tmp_path / "x", cache_from=source, args={"BUILDKIT_INLINE_CACHE": "1"}
        )
        assert whole.ran() == []
        assert files(engine) == made
        machine("four")
        engine.pull(ref, sink=lambda _: None)
        local = build(engine, tmp_path / "x", cache_from=source)
        assert local.ran() == []
        derived = build(engine, tmp_path / "x", f"FROM {ref}\nRUN true\n")
        assert len(derived.ran()) == 1


def test_a_cache_that_cannot_be_read_is_told_of_and_ends_nothing(
    engine: LocalEngine, machine: Machine, tmp_path: Path
) -> None:
    text = "FROM base:1\nRUN echo 1 > /1\nRUN echo 2 > /2\n"
    where = tmp_path / "cache"
    to = {"type": "local", "dest": str(where)}
    build(engine, tmp_path / "x", text, cache_to=[to])
    source = [{"type": "local", "src": str(where)}]
    index = json.loads((where / "index.json").read_text())
    manifest = json.loads(blob(where, index["manifests"][0]["digest"]).read_text())
    for number, damage in enumerate((
        lambda: blob(where, manifest["layers"][1]["digest"]).write_bytes(b"damaged"),
        lambda: blob(where, manifest["config"]["digest"]).write_bytes(b"{}"),
        lambda: (where / "index.json").write_text("[]"),
        lambda: shutil.rmtree(where),
    )):  # fmt: skip
        damage()
        machine(f"machine-{number}")
        built = build(engine, tmp_path / "x", text, cache_from=source)
        assert [event for event in built.events if event.kind == "error"]
        assert len(built.ran()) == 2
    elsewhere = build(
        engine, tmp_path / "x", text + "RUN true\n", cache_from=[{"ref": "127.0.0.1:1/x"}]
    )
    [error] = [event for event in elsewhere.events if event.kind == "error"]
    assert error.title == "importing cache manifest from 127.0.0.1:1/x:latest"


def blob(directory: Path, digest: str) -> Path:
    return directory / "blobs/sha256" / digest.partition(":")[2]


def test_a_cache_that_cannot_be_written_ends_the_build_unless_told_otherwise(
    engine: LocalEngine, machine: Machine, tmp_path: Path
) -> None:
    text = "FROM base:1\nRUN echo 1 > /1\n"
    to = {"type": "registry", "ref": "127.0.0.1:1/x"}
    with pytest.raises(Unavailable):
        build(engine, tmp_path / "x", text, cache_to=[to])
    build(engine, tmp_path / "x", text, cache_to=[{**to, "ignore-error": "true"}])


@pytest.mark.parametrize(
    ("key", "words", "error"),
    [
        ("cache_from", {"type": "gha"}, Unsupported),
        ("cache_from", {"type": "local"}, InvalidArgument),
        ("cache_from", {"type": "local", "src": "/x", "sorce": "/y"}, InvalidArgument),
        ("cache_to", {"type": "s3", "bucket": "x"}, Unsupported),
        ("cache_to", {"type": "local", "dest": "/x", "mode": "all"}, InvalidArgument),
        ("cache_to", {"type": "registry", "ref": "x", "compression": "estargz"}, Unsupported),
        ("cache_to", {"type": "nowhere"}, InvalidArgument),
    ],
)
def test_places_that_make_no_sense_are_refused_before_anything_is_built(
    key: str,
    words: dict[str, str],
    error: type[EngineError],
    engine: LocalEngine,
    machine: Machine,
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match="cache"):
        build(engine, tmp_path / "x", "FROM base:1\nRUN exit 9\n", **{key: [words]})


def test_an_image_of_a_layout_directory_is_a_base(
    engine: LocalEngine, machine: Machine, tmp_path: Path
) -> None:
    import subprocess

    build(engine, tmp_path / "x", "FROM base:1\nENV FROM_LAYOUT=yes\nRUN echo in > /in\n")
    engine.save_images(["built:1"], str(tmp_path / "saved.tar"))
    layout = tmp_path / "layout"
    layout.mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "saved.tar", "-C", layout], check=True)
    machine("two")
    text = (
        "FROM lay AS one\nRUN cat /in > /out && echo $FROM_LAYOUT >> /out\n"
        "FROM scratch\nCOPY --from=one /out /\nCOPY --from=lay /in /\n"
    )
    for where in (f"oci-layout://{layout}", f"oci-layout://{layout}:1"):
        build(engine, tmp_path / "x", text, additional_contexts={"lay": where})
        assert len(files(engine)[0]) == 2
    contexts = {"lay": f"oci-layout://{layout}:nothing"}
    with pytest.raises(EngineError, match="no image has the tag nothing"):
        build(engine, tmp_path / "x", text, additional_contexts=contexts)
