"""``pycompose check``: a grade for every attribute that the files write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compose.cli.main import main

FILE = """
services:
  web:
    image: i
    ports: ["80:80"]
    gpus: all
    restart: always
    tty: false
    x-note: 1
    deploy:
      replicas: 2
      placement: {constraints: [a]}
  api:
    image: i
    build: {context: ., sbom: true, cache_from: [x]}
    profiles: [dev]
networks:
  default: {driver: overlay}
secrets:
  unused: {external: true}
"""


def graded(
    directory: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *words: str,
) -> tuple[int, dict[str, Any]]:
    (directory / "compose.yaml").write_text(FILE)
    monkeypatch.chdir(directory)
    monkeypatch.setenv("PWD", str(directory))
    monkeypatch.setenv("PYCOMPOSE_NO_CACHE", "1")
    code = main([*words, "check", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert found["engine"] == "local"
    return code, {each["path"]: each for each in found["attributes"]}


def test_each_attribute_has_a_grade_a_reason_and_a_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, found = graded(tmp_path, capsys, monkeypatch)
    assert code == 0
    assert {path: each["grade"] for path, each in found.items()} == {
        "services.web.image": "honoured",
        "services.web.ports": "honoured",
        "services.web.gpus": "not honoured",
        "services.web.restart": "partial",
        "services.web.tty": "honoured",
        "services.web.deploy.replicas": "honoured",
        "services.web.deploy.placement": "not honoured",
        "networks.default.driver": "not honoured",
    }
    assert found["services.web.gpus"]["reason"] == "no device injection"
    assert found["services.web.gpus"]["where"] == "compose.yaml:6:5"


def test_services_that_profiles_switch_off_are_not_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, found = graded(tmp_path, capsys, monkeypatch, "--profile", "dev")
    assert found["services.api.build"]["grade"] == "honoured"
    assert found["services.api.build.sbom"]["grade"] == "not honoured"
    assert found["services.api.build.cache_from"]["grade"] == "partial"
    assert found["services.api.profiles"]["grade"] == "honoured"


@pytest.mark.parametrize(("words", "code"), [([], 0), (["--strict"], 1)])
def test_strict_fails_for_anything_less_than_honoured(
    words: list[str],
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "compose.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("PYCOMPOSE_NO_CACHE", "1")
    assert main(["check", *words]) == code
    assert capsys.readouterr().out.endswith("\n4 honoured, 1 partial, 3 not honoured.\n")
    (tmp_path / "compose.yaml").write_text("services: {a: {image: i}}\n")
    assert main(["check", *words]) == 0
