"""Builds: a spec as buildx's command line, its progress as events, its end as an error with a place."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from compose.backends.docker import buildx, classic
from schemas.building import BuildEvent
from schemas.errors import BuildFailed, Unsupported


def test_a_spec_is_a_command_line() -> None:
    words = buildx.arguments(
        {
            "context": "/src",
            "dockerfile": "docker/File",
            "target": "last",
            "args": {"A": "1"},
            "labels": {"l": "m"},
            "tags": ["a:1", "b:2"],
            "platforms": ["linux/amd64", "linux/arm64"],
            "no_cache": True,
            "no_cache_filter": ["one"],
            "extra_hosts": ["h=1.2.3.4"],
            "ssh": {"default": "", "key": "/k"},
            "cache_from": [{"type": "registry", "ref": "r/c"}],
            "ulimits": {"nofile": {"soft": 1, "hard": 2}},
        },
        ["--secret", "id=s,src=/s"],
    )
    text = " ".join(words)
    for part in (
        "--secret id=s,src=/s", "--file /src/docker/File", "--target last", "--build-arg A=1", "--label l=m",
        "--tag a:1 --tag b:2", "--platform linux/amd64,linux/arm64", "--no-cache-filter one", "--add-host h=1.2.3.4",
        "--ssh default --ssh key=/k", "--cache-from type=registry,ref=r/c", "--ulimit nofile=1:2", "--no-cache",
    ):  # fmt: skip
        assert part in text


def told(*documents: dict[str, Any], rest: str = "") -> tuple[list[BuildEvent], buildx.Teller, str]:
    said: list[BuildEvent] = []
    teller = buildx.Teller(said.append)
    text = "".join(json.dumps(each, indent=2) + "\n" for each in documents) + rest
    left = buildx._read(io.BytesIO(text.encode()), teller)
    return said, teller, left


def test_progress_is_events_and_a_failure_has_its_place() -> None:
    begun = {"digest": "d", "name": "[stage-0 2/2] RUN x", "started": "2026-01-01T00:00:00Z"}
    failed = {
        **begun,
        "completed": "2026-01-01T00:00:02Z",
        "error": 'process "x" did not complete successfully: exit code: 3',
    }
    rule = "-" * 20
    said, teller, left = told(
        {"vertexes": [{"digest": "c", "name": "[1/2] FROM b", "started": "2026-01-01T00:00:00Z"}]},
        {"vertexes": [begun]},
        {"logs": [{"vertex": "d", "data": base64.b64encode(b"well\n").decode()}]},
        {"vertexes": [failed]},
        rest=f"Dockerfile:2\n{rule}\n   2 | >>> RUN x\n{rule}\nERROR: failed to solve: process exit code: 3\n",
    )
    kinds = [(event.step, event.kind, event.title) for event in said]
    assert kinds == [
        (1, "start", "[1/2] FROM b"),
        (2, "start", "[2/2] RUN x"),
        (2, "log", "[2/2] RUN x"),
        (2, "error", "[2/2] RUN x"),
    ]
    assert said[-1].seconds == 2.0
    error = teller.failure(left, 1)
    assert isinstance(error, BuildFailed)
    assert (error.line, error.code, error.output, error.title) == (2, 3, "well", "[2/2] RUN x")
    assert error.excerpt.startswith("Dockerfile:2\n")
    assert error.message == "process exit code: 3"


@pytest.mark.parametrize(
    ("line", "modern"),
    [
        ("RUN --mount=type=cache,target=/c make", True),
        ("run --mount=type=secret,id=x true", True),
        ("COPY <<EOF /x", True),
        ("RUN echo 'a << b'", True),  # rather refused than built wrongly
        ("RUN make", False),
        ("# RUN --mount=type=cache", False),
    ],
)
def test_the_classic_builder_knows_what_it_cannot(line: str, modern: bool) -> None:
    assert classic._modern(line) == modern


def test_the_classic_builder_refuses_by_name() -> None:
    for more in (
        {"ssh": {"default": ""}},
        {"cache_to": [{"type": "inline"}]},
        {"platforms": ["a", "b"]},
    ):
        with pytest.raises(Unsupported, match="BuildKit"):
            classic.build(None, {"context": "/", **more}, lambda event: None)  # type: ignore[arg-type,typeddict-item]
