"""CDI without a container: which specifications are read, which devices a request means, and what they change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cdi import edits, registry
from engine.cdi.requests import resolve
from schemas.errors import Conflict, EngineError, InvalidArgument, NotFound, Unsupported
from schemas.specs import DeviceRequest


def specification(kind: str = "nvidia.com/gpu", *names: str, **more: Any) -> dict[str, Any]:
    devices = [{"name": name, "containerEdits": {"env": [f"N={name}"]}} for name in names]
    return {"cdiVersion": "0.6.0", "kind": kind, "devices": devices, **more}


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write specifications into a directory each; the registry of them all, the last one first."""

    def load(*documents: list[dict[str, Any]]) -> registry.Registry:
        places = []
        for number, files in enumerate(documents):
            place = tmp_path / str(number)
            place.mkdir()
            for index, document in enumerate(files):
                (place / f"{index}.json").write_text(json.dumps(document))
            places.append(str(place))
        monkeypatch.setenv("PYCOMPOSE_CDI_SPEC_DIRS", ":".join(places))
        return registry.load()

    return load


@pytest.mark.parametrize(
    ("request_", "names"),
    [
        ({"count": -1}, ["0", "1", "10", "gpu-a"]),
        ({"count": 2}, ["0", "1"]),
        ({}, ["0"]),
        ({"device_ids": ["10", "gpu-a"]}, ["10", "gpu-a"]),
        ({"driver": "cdi", "device_ids": ["nvidia.com/gpu=1"]}, ["1"]),
    ],
)
def test_a_request_means_devices(known: Any, request_: DeviceRequest, names: list[str]) -> None:
    found = known([specification("nvidia.com/gpu", "10", "1", "0", "gpu-a")])
    assert resolve([request_], found) == [f"nvidia.com/gpu={name}" for name in names]


def test_all_is_the_device_of_that_name_where_there_is_one(known: Any) -> None:
    found = known([specification("nvidia.com/gpu", "0", "all")])
    assert resolve([{"count": -1}], found) == ["nvidia.com/gpu=all"]


def test_a_later_directory_goes_first_and_two_files_of_one_are_a_conflict(known: Any) -> None:
    first = specification("v.com/c", "x", containerEdits={"env": ["FROM=first"]})
    second = specification("v.com/c", "x", containerEdits={"env": ["FROM=second"]})
    found = known([first], [second, specification("v.com/c", "y"), specification("v.com/c", "y")])
    assert edits.combine([found.find("v.com/c=x")]).env == ["FROM=second", "N=x"]
    with pytest.raises(Conflict, match="both describe it"):
        found.find("v.com/c=y")


def test_what_is_common_to_a_file_is_applied_once(known: Any) -> None:
    found = known([specification("v.com/c", "x", "y", containerEdits={"env": ["COMMON=1"]})])
    devices = [found.find("v.com/c=x"), found.find("v.com/c=y")]
    assert edits.combine(devices).env == ["COMMON=1", "N=x", "N=y"]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"deviceNodes": [{"path": "relative"}]}, InvalidArgument, "not absolute"),
        ({"deviceNodes": [{"path": "/dev/x", "type": "z"}]}, InvalidArgument, "unknown type z"),
        ({"mounts": [{"hostPath": "/no/where", "containerPath": "/x"}]}, InvalidArgument, "/no/where"),
        ({"mounts": [{"hostPath": "/", "containerPath": "/x", "options": ["odd"]}]}, Unsupported, "option odd"),
        ({"mounts": [{"hostPath": "/", "containerPath": "/x", "type": "nfs"}]}, Unsupported, "type nfs"),
        ({"env": ["NOVALUE"]}, InvalidArgument, "NOVALUE"),
        ({"hooks": [{"hookName": "prestart", "path": "/x"}]}, Unsupported, "hook prestart"),
        ({"intelRdt": {"closID": "x"}}, Unsupported, "intelRdt"),
    ],
)  # fmt: skip
def test_an_edit_that_cannot_be_made_is_named(
    known: Any, change: dict[str, Any], error: type[EngineError], words: str
) -> None:
    document = specification("v.com/c")
    document["devices"] = [{"name": "x", "containerEdits": change}]
    with pytest.raises(error, match=words):
        edits.combine([known([document]).find("v.com/c=x")])


@pytest.mark.parametrize(
    "change", [{"cdiVersion": "9"}, {"kind": "nokind"}, {"containerEdits": {"odd": 1}}, {"devices": [{"name": "a b"}]}]
)  # fmt: skip
def test_a_file_that_is_no_specification_spoils_only_itself(
    known: Any, change: dict[str, Any]
) -> None:
    found = known([{**specification("v.com/bad", "x"), **change}, specification("v.com/good", "x")])
    assert found.find("v.com/good=x").name == "v.com/good=x"
    with pytest.raises(NotFound, match=r"0\.json: "):
        found.find("v.com/bad=x")
