"""What exists, arranged as the planner reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.graph import Graph, Resource
from compose.observed import arrange, observe
from engine.local import LocalEngine
from schemas import labels
from schemas.records import ContainerInfo


def info(name: str, service: str, number: int, *, one_off: bool = False) -> ContainerInfo:
    marks = {
        labels.SERVICE: service,
        labels.NUMBER: str(number),
        labels.ONEOFF: str(one_off),
    }
    return ContainerInfo(name, name, "x", "sha256:x", marks, 1.0, "running")


def test_containers_are_by_service_and_number_and_one_offs_apart() -> None:
    found = arrange(
        "shop",
        [
            info("w10", "web", 10),
            info("w2", "web", 2),
            info("d1", "db", 1),
            info("r", "web", 1, one_off=True),
        ],
        {},
        {},
    )
    assert {
        service: [each.name for each in group] for service, group in found.containers.items()
    } == {
        "db": ["d1"],
        "web": ["w2", "w10"],
    }
    assert [each.name for each in found.one_offs] == ["r"]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEngine]:
    monkeypatch.setenv("PYCOMPOSE_ROOT", str(tmp_path / "lib"))
    monkeypatch.setenv("PYCOMPOSE_RUN", str(tmp_path / "run"))
    opened = LocalEngine()
    yield opened
    opened.close()


def test_resources_of_others_are_seen_only_when_they_are_wanted(engine: LocalEngine) -> None:
    engine.create_volume({"name": "mine", "labels": {labels.PROJECT: "shop"}})
    engine.create_volume({"name": "shared", "labels": {}})
    engine.create_volume({"name": "nobodys", "labels": {}})
    assert sorted(observe(engine, "shop").volumes) == ["mine"]
    wanted = Graph(
        "shop",
        {},
        {"n": Resource("missing")},
        {"s": Resource("shared", external=True), "gone": Resource("gone")},
    )
    found = observe(engine, "shop", wanted)
    assert sorted(found.volumes) == ["mine", "shared"]
    assert found.networks == {}
