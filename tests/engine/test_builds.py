"""What comes of Dockerfiles is what Docker makes of them: files, modes, owners, configuration, history."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import dockerfiles, imagetree
from tests.support.dockerfile_cases import CASES
from tests.support.served import serving

if TYPE_CHECKING:
    from engine.local import LocalEngine

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "builds.json").read_text())


def spec(case: dockerfiles.Case, directory: Path) -> dict[str, Any]:
    """What is asked of the engine; contexts are written."""
    dockerfiles.write(case, directory / "context")
    found = {"context": str(directory / "context"), "tags": ["case:1"], **case.options}
    contexts = {}
    for name, where in case.options.get("additional_contexts", {}).items():
        if isinstance(where, dict):
            dockerfiles.write(dockerfiles.Case(name, "", where), directory / name)
            (directory / name / "Dockerfile").unlink()
            where = str(directory / name)
        contexts[name] = where
    return {**found, "additional_contexts": contexts} if contexts else found


def build(engine: LocalEngine, what: dict[str, Any]) -> list[Any]:
    """Build; what was reported."""
    events: list[Any] = []
    engine.build(what, sink=events.append)  # type: ignore[arg-type]
    return events


def saved(
    engine: LocalEngine, reference: str, directory: Path
) -> tuple[dict[str, Any], imagetree.Tree]:
    """Config and files of an image."""
    path = directory / "saved.tar"
    engine.save_images([reference], str(path))
    return imagetree.read(path.read_bytes())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "base.tar"
    path.write_bytes(dockerfiles.base_archive())
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_image_is_what_docker_makes_of_the_same_file(
    case: dockerfiles.Case, engine: LocalEngine, base: Path, tmp_path: Path
) -> None:
    engine.load_images(str(base), sink=lambda _: None)
    _, below = saved(engine, dockerfiles.BASE, tmp_path)
    for number, (tag, text) in enumerate(case.before):
        before = dockerfiles.Case("before", text)
        dockerfiles.write(before, tmp_path / f"before-{number}")
        build(engine, {"context": str(tmp_path / f"before-{number}"), "tags": [tag]})
    with serving() if case.served else nullcontext():
        build(engine, spec(case, tmp_path))
    config, tree = saved(engine, "case:1", tmp_path)
    found = {**imagetree.settings(config), **imagetree.changes(tree, below)}
    assert found == GOLDEN[case.name]
