"""Build sections in the builder's words, the order of builds, and what is told of them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from compose.ops.build import waves
from compose.project import Project
from compose.render.building import Lines
from compose.translate.build import Choices, Order, order
from compose.translate.refusal import KeyUnsupported
from schemas.building import BuildEvent
from schemas.errors import DependencyError


def project(
    build: dict[str, Any], *, secrets: dict[str, Any] | None = None, **environment: str
) -> Project:
    tree = {
        "services": {"web": {"build": build}, "base": {"image": "base:1", "build": {}}},
        "secrets": secrets or {},
    }
    return Project("demo", "/here", (), (), environment, (), tree, {})


def spec(build: dict[str, Any], choices: Choices = Choices(), **environment: str) -> dict[str, Any]:
    return dict(order(project(build, **environment), "web", choices).spec)


def test_a_build_is_named_after_its_service_and_labelled() -> None:
    found = spec({"context": "/c", "tags": ["other:1"], "labels": {"a": "b"}})
    assert found["tags"] == ["demo-web", "other:1"]
    assert found["labels"]["com.docker.compose.service"] == "web"
    assert found["labels"]["a"] == "b"


def test_sizes_limits_and_agents_are_translated() -> None:
    found = spec({"shm_size": "1024", "ulimits": {"nofile": 5}, "ssh": ["default", "id=/key"]})
    assert found["shm_size"] == 1024
    assert found["ulimits"] == {"nofile": {"soft": 5, "hard": 5}}
    assert found["ssh"] == {"default": "", "id": "/key"}


def test_the_command_line_goes_before_the_file() -> None:
    chosen = Choices({"B": "line"}, no_cache=True, pull=True, memory=7)
    found = spec({"args": {"A": "file", "B": "file"}, "no_cache": False}, chosen)
    assert found["args"] == {"A": "file", "B": "line"}
    assert (found["no_cache"], found["pull"], found["limits"]) == (True, True, {"memory": 7})


def test_what_is_built_to_run_here_is_built_for_this_machine_only() -> None:
    both = {"platforms": ["linux/amd64", "linux/arm64"]}
    assert "platforms" not in spec(both, Choices(to_run=True))
    assert spec(both)["platforms"] == both["platforms"]
    assert spec({"platforms": ["linux/arm64"]}, Choices(to_run=True))["platforms"] == [
        "linux/arm64"
    ]


def test_secrets_are_files_or_texts_of_the_environment() -> None:
    secrets = {"f": {"file": "/f"}, "e": {"environment": "E"}}
    build = {"secrets": [{"source": "f", "target": "x"}, {"source": "e", "mode": 256}]}
    found = order(project(build, secrets=secrets, E="text"), "web", Choices())
    assert found.spec["secrets"] == [
        {"id": "x", "file": "/f"},
        {"id": "e", "text": "text", "variable": "E"},
    ]
    [warning] = found.warnings
    assert warning.startswith("services.web.build.secrets[1].mode has no effect here")
    with pytest.raises(KeyUnsupported, match="environment variable E is not set"):
        order(project(build, secrets=secrets), "web", Choices())


def test_the_image_of_another_service_is_a_context_that_is_built_before() -> None:
    found = order(project({"additional_contexts": {"b": "service:base"}}), "web", Choices())
    assert found.needs == ("base",)
    assert found.spec["additional_contexts"] == {"b": "docker-image://base:1"}


@pytest.mark.parametrize(
    "build",
    [
        {"privileged": True},
        {"sbom": True},
        {"provenance": "mode=max"},
        {"isolation": "hyperv"},
        {"network": "mine"},
        {"cache_from": ["type=local,src"]},
        {"additional_contexts": {"a": "service:nobody"}},
    ],
)
def test_what_cannot_be_honoured_is_refused_with_its_key(build: dict[str, Any]) -> None:
    with pytest.raises(KeyUnsupported, match=f"services.web.build.{next(iter(build))}"):
        spec(build)


def test_the_time_of_reproducible_builds_comes_from_the_environment() -> None:
    assert spec({}, SOURCE_DATE_EPOCH="7")["args"] == {"SOURCE_DATE_EPOCH": "7"}
    own = spec({"args": {"SOURCE_DATE_EPOCH": "8"}}, SOURCE_DATE_EPOCH="7")
    assert own["args"] == {"SOURCE_DATE_EPOCH": "8"}


def test_caches_are_said_as_buildx_takes_them() -> None:
    found = spec({"cache_from": ["app:cache", "type=local,src=/c"], "cache_to": ["type=inline"]})
    assert found["cache_from"] == [
        {"type": "registry", "ref": "app:cache"},
        {"type": "local", "src": "/c"},
    ]
    assert found["cache_to"] == [{"type": "inline"}]
    quoted = spec({"cache_to": ['type=local,"dest=/a,b",mode=max']})
    assert quoted["cache_to"] == [{"type": "local", "dest": "/a,b", "mode": "max"}]


def test_builds_come_after_those_they_are_made_from() -> None:
    def one(name: str, *needs: str) -> Order:
        return Order(name, name, {"context": ""}, needs)

    found = waves([one("c", "b"), one("a"), one("b", "a", "elsewhere")])
    assert [[each.service for each in group] for group in found] == [["a"], ["b"], ["c"]]
    with pytest.raises(DependencyError):
        waves([one("a", "b"), one("b", "a")])


def test_lines_are_those_of_buildkit() -> None:
    out = io.StringIO()
    tell = Lines(out)
    tell("web", BuildEvent(1, "cached", "[1/2] FROM x"))
    tell("web", BuildEvent(2, "start", "[st 2/2] RUN y"))
    tell("api", BuildEvent(1, "error", "[1/1] RUN z", b"why"))
    tell("web", BuildEvent(2, "done", "[st 2/2] RUN y", seconds=1.25))
    assert out.getvalue() == (
        "#1 [web 1/2] FROM x\n#1 CACHED\n\n#2 [web st 2/2] RUN y\n\n"
        "#3 [api 1/1] RUN z\n#3 ERROR: why\n\n#2 [web st 2/2] RUN y\n#2 DONE 1.2s\n"
    )
