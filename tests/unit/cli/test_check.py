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
    build: {context: ., sbom: true, cache_from: [x], cache_to: [type=gha]}
    profiles: [dev]
networks:
  default: {driver: overlay}
secrets:
  unused: {external: true}
"""


Answer = dict[str, Any]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "compose.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("PYCOMPOSE_NO_CACHE", "1")
    monkeypatch.delenv("PYCOMPOSE_ENGINE", raising=False)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *words: str) -> Answer:
    main([*words, "--format", "json"])
    found: Answer = json.loads(capsys.readouterr().out)
    return found


def levels(answer: Answer, engine: str) -> dict[str, str]:
    return {each["path"]: each["grades"][engine]["grade"] for each in answer["attributes"]}


@pytest.mark.usefixtures("project")
def test_each_attribute_has_a_grade_a_reason_and_a_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = check(capsys, "--engine", "local", "check")
    assert answer["engines"] == ["local"]
    assert levels(answer, "local") == {
        "services.web.image": "honoured",
        "services.web.ports": "honoured",
        "services.web.gpus": "not honoured",
        "services.web.restart": "partial",
        "services.web.tty": "honoured",
        "services.web.deploy.replicas": "honoured",
        "services.web.deploy.placement": "not honoured",
        "networks.default.driver": "not honoured",
    }
    [gpus] = [each for each in answer["attributes"] if each["path"] == "services.web.gpus"]
    reason = gpus["grades"]["local"]["reason"]
    assert reason.startswith('could not select device driver "nvidia": no CDI specification')
    assert gpus["where"] == "compose.yaml:6:5"


@pytest.mark.usefixtures("project")
def test_without_an_engine_every_engine_has_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    answer = check(capsys, "check")
    assert answer["engines"] == ["local", "docker", "swarm"]
    assert levels(answer, "docker")["services.web.gpus"] == "honoured"
    assert levels(answer, "docker")["services.web.deploy.placement.constraints"] == "not honoured"
    assert levels(answer, "swarm")["services.web.deploy.placement.constraints"] == "honoured"
    assert levels(answer, "swarm")["networks.default.driver"] == "honoured"
    main(["check"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["WHERE", "ATTRIBUTE", "LOCAL", "DOCKER", "SWARM", "REASON"]
    [gpus] = [line for line in lines if "services.web.gpus" in line]
    assert (
        "not honoured   honoured       not honoured   local: could not select device driver" in gpus
    )
    assert [line.partition(":")[0] for line in lines[-3:]] == ["local", "docker", "swarm"]


@pytest.mark.usefixtures("project")
def test_services_that_profiles_switch_off_are_not_graded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = levels(check(capsys, "--profile", "dev", "check"), "local")
    assert found["services.api.build.context"] == "honoured"
    assert found["services.api.build.sbom"] == "not honoured"
    assert found["services.api.build.cache_from"] == "honoured"
    assert found["services.api.build.cache_to"] == "not honoured"
    assert found["services.api.profiles"] == "honoured"


NESTED = """
services:
  web:
    image: i
    healthcheck: {test: [CMD, "true"], start_interval: 1s}
    ports: ["80:80", "53:53/sctp"]
    volumes: ["v:/a", "/tmp:/b:z"]
    networks: {n: {aliases: [a], driver_opts: {a: b}}}
volumes: {v: }
networks: {n: }
"""


def test_entries_of_lists_and_of_names_are_told_where_they_are_not_honoured(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "compose.yaml").write_text(NESTED)
    assert levels(check(capsys, "check", "--engine", "local"), "local") == {
        "services.web.image": "honoured",
        "services.web.healthcheck.test": "honoured",
        "services.web.healthcheck.start_interval": "honoured",
        "services.web.ports": "honoured",
        "services.web.ports[1].protocol": "not honoured",
        "services.web.volumes": "honoured",
        "services.web.networks": "honoured",
        "services.web.networks.n.driver_opts": "not honoured",
    }


@pytest.mark.parametrize(
    ("file", "words", "code"),
    [
        (FILE, ["check"], 0),
        (FILE, ["check", "--strict"], 1),
        ("services: {a: {image: i}}", ["check", "--strict"], 0),
        ("services: {a: {image: i, container_name: c}}", ["check", "--strict"], 0),
        (
            "services: {a: {image: i, container_name: c}}",
            ["check", "--strict", "--engine", "docker"],
            0,
        ),
        (
            "services: {a: {image: i, container_name: c}}",
            ["--engine", "swarm", "check", "--strict"],
            1,
        ),
        ("services: {a: {image: i, gpus: all}}", ["check", "--strict", "--engine", "docker"], 0),
    ],
)
def test_strict_fails_for_what_the_engine_in_question_does_not_honour(
    file: str, words: list[str], code: int, project: Path
) -> None:
    (project / "compose.yaml").write_text(file)
    assert main(words) == code


@pytest.mark.usefixtures("project")
def test_an_unknown_engine_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--engine", "moby"]) == 1
    assert 'unknown engine "moby" (there are: local, docker, swarm)' in capsys.readouterr().err
