"""Faults found before anything is made, and how they are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from compose.ops.faults import Fault, refuse
from compose.ops.preflight import missing_files
from compose.paths import KeyPath
from schemas.errors import PycomposeError
from tests.support.projects import project


def test_a_line_for_each_fault_with_its_place_and_all_hints_once() -> None:
    places: dict[KeyPath, str] = {("services", "a", "image"): "compose.yaml:3:5"}
    faults = [
        Fault(("services", "a", "image"), "no such image: x", "load it"),
        Fault(("services", "b", "ports", 0), "taken"),
        Fault(("services", "c", "image"), "no such image: x", "load it"),
    ]
    with pytest.raises(PycomposeError) as caught:
        refuse(faults, lambda path: places.get(path, ""))
    assert caught.value.message.splitlines() == [
        "compose.yaml:3:5: services.a.image: no such image: x",
        "services.b.ports[0]: taken",
        "services.c.image: no such image: x",
    ]
    assert caught.value.hint == "load it"
    assert caught.value.exit_code == 1
    refuse([], lambda path: "")


def test_files_that_must_exist(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    made = project(
        """
services:
  a:
    image: x
    volumes:
      - ./made:/made
      - {type: bind, source: ./there, target: /there}
      - {type: bind, source: ./gone, target: /gone}
      - {type: bind, source: ./made, target: /make, bind: {create_host_path: true}}
    secrets: [hush, hush2]
    configs: [settings]
  b:
    image: x
    configs: [settings]
  c:
    image: x
    volumes:
      - {type: bind, source: ./elsewhere, target: /x}
secrets:
  hush: {file: ./gone.txt}
  hush2: {environment: HOME}
configs:
  settings: {file: ./there}
  unused: {file: ./gone.cfg}
""",
        directory=tmp_path,
        environ={"HOME": "/root"},
    )
    found = [(fault.path, fault.message) for fault in missing_files(made, ["a", "b"])]
    assert found == [
        (
            ("services", "a", "volumes", 2, "source"),
            f"bind source path does not exist: {tmp_path}/gone",
        ),
        (("secrets", "hush", "file"), f"file does not exist: {tmp_path}/gone.txt"),
    ]
