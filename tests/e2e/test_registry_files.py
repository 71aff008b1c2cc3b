"""Compose files from a real registry: what ``docker compose publish`` puts there is loaded, and a hostile one is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Compose, Done
from tests.support.registry import OCI_INDEX, Registry, running

TYPE = "application/vnd.docker.compose.project"
FILE = "application/vnd.docker.compose.file+yaml"
ENV_FILE = "application/vnd.docker.compose.envfile"
EMPTY = "application/vnd.docker.compose.config.empty.v1+json"
NOTE = "com.docker.compose."
MAIN = b"""
name: published
services:
  web: {image: one, env_file: [web.env], extends: {file: base.yaml, service: base}}
"""
BASE = b"services: {base: {labels: {from: base}}}\n"
SECOND = b"services: {web: {image: two}}\n"

Part = tuple[str, bytes, dict[str, str]]


@pytest.fixture(scope="module")
def registry(
    tmp_path_factory: pytest.TempPathFactory, state: tuple[Path, Path]
) -> Iterator[Registry]:
    with running(tmp_path_factory.mktemp("registry")) as found:
        yield found


def publish(registry: Registry, name: str, *parts: Part, **facts: Any) -> str:
    """Put an artifact into the registry by plain HTTP; the tag is 1. Its digest."""
    document = {
        "schemaVersion": 2,
        "artifactType": TYPE,
        "config": registry.blob(name, b"{}").descriptor(EMPTY),
        "layers": [
            registry.blob(name, data).descriptor(kind, annotations=notes)
            for kind, data, notes in parts
        ],
        **facts,
    }
    return registry.manifest(name, "1", document).digest


def project(main: bytes = MAIN) -> list[Part]:
    """The parts of a project whose service extends another file's and reads an env file."""
    return [
        (FILE, main, {NOTE + "version": "v2", NOTE + "file": "compose.yaml"}),
        (FILE, SECOND, {NOTE + "file": "override.yaml"}),
        (FILE, BASE, {NOTE + "extends": "true", NOTE + "file": "base.yaml"}),
        (ENV_FILE, b"FROM_FILE=yes\n", {NOTE + "envfile": "web.env"}),
    ]


def config(compose: Compose, name: str, **environ: str) -> Done:
    """``config`` of a file in a registry, with a cache of this test's own."""
    cache = str(compose.directory / "cache")
    words = ("-f", name, "config", "--format", "json")
    return compose.run(*words, XDG_CACHE_HOME=cache, **environ)


def outside(compose: Compose) -> set[str]:
    """The names of all files that are there, by their path from the directory above the project's."""
    above = compose.directory.parent
    return {str(path.relative_to(above)) for path in above.rglob("*") if path.is_file()}


def test_a_published_project_is_loaded_with_all_its_files(
    registry: Registry, compose: Compose
) -> None:
    publish(registry, "app/whole", *project())
    done = config(compose, f"oci://{registry.address}/app/whole:1")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["name"] == "published"
    web = found["services"]["web"]
    assert web["image"] == "two", "the second file is merged over the first"
    assert web["environment"] == {"FROM_FILE": "yes"}
    assert web["labels"] == {"from": "base"}


def test_a_local_file_includes_one_of_a_registry(registry: Registry, compose: Compose) -> None:
    publish(registry, "app/included", *project())
    compose.write(
        f"include: ['oci://{registry.address}/app/included:1']\nservices: {{own: {{image: i}}}}\n"
    )
    done = config(compose, "compose.yaml")
    assert done.code == 0, done.err
    assert {*json.loads(done.out)["services"]} == {"own", "web"}


def test_a_tag_that_moves_is_followed_and_a_digest_is_not(
    registry: Registry, compose: Compose
) -> None:
    first = publish(registry, "app/moves", (FILE, b"name: p\nservices: {a: {image: i}}\n", {}))
    name = f"oci://{registry.address}/app/moves"
    assert {*json.loads(config(compose, f"{name}:1").out)["services"]} == {"a"}
    publish(registry, "app/moves", (FILE, b"name: p\nservices: {b: {image: i}}\n", {}))
    assert {*json.loads(config(compose, f"{name}:1").out)["services"]} == {"b"}
    assert {*json.loads(config(compose, f"{name}@{first}").out)["services"]} == {"a"}


def test_what_is_cached_needs_the_digest_only(registry: Registry, compose: Compose) -> None:
    digest = publish(registry, "app/cached", *project())
    name = f"oci://{registry.address}/app/cached"
    assert config(compose, f"{name}:1").code == 0
    stored = registry.file(digest)
    stored.rename(stored.with_name("gone"))
    assert config(compose, f"{name}@{digest}").code == 0


def test_of_an_index_the_compose_project_is_taken(registry: Registry, compose: Compose) -> None:
    digest = publish(registry, "app/index", *project())
    size = registry.file(digest).stat().st_size
    kind = "application/vnd.oci.image.manifest.v1+json"
    entry = {"mediaType": kind, "digest": digest, "size": size, "artifactType": TYPE}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}
    registry.manifest("app/index", "all", index, OCI_INDEX)
    assert config(compose, f"oci://{registry.address}/app/index:all").code == 0


NAMES = ("../x", "/etc/x", "a/b", "..", ".", "a\\b", "a\0b", "", "\ud800", "n" * 300)


@pytest.mark.parametrize("number", range(len(NAMES)))
@pytest.mark.parametrize("kind", ["envfile", "file"])
def test_a_part_whose_name_is_a_path_is_refused_and_nothing_is_written(
    number: int, kind: str, registry: Registry, compose: Compose
) -> None:
    notes = {NOTE + kind: NAMES[number]}
    if kind == "file":
        notes[NOTE + "extends"] = "true"
    part = (ENV_FILE if kind == "envfile" else FILE, BASE, notes)
    name = f"hostile/{kind}{number}"
    publish(registry, name, project()[0], part)
    before = outside(compose)
    done = config(compose, f"oci://{registry.address}/{name}:1")
    assert done.code != 0 and "Traceback" not in done.err
    assert f"oci://{registry.address}/{name}:1: a part " in done.err
    assert outside(compose) == before


@pytest.mark.parametrize(
    ("parts", "facts", "message"),
    [
        ([], {}, "there is no Compose file in it"),
        ([("text/html", b"<p>", {})], {}, "it holds text/html, which is not understood"),
        ([(FILE, MAIN, {})], {"artifactType": "text/plain"}, "is not a Compose project but text/plain"),
        ([(FILE, b"services: [", {})], {}, "compose.yaml:"),
        ([(FILE, b"\0\xff", {})], {}, "compose.yaml:"),
    ],
    ids=["empty", "strange part", "strange type", "no YAML", "no text"],
)  # fmt: skip
def test_what_is_no_compose_project_is_named(
    parts: list[Part], facts: dict[str, str], message: str, registry: Registry, compose: Compose
) -> None:
    publish(registry, "app/odd", *parts, **facts)
    done = config(compose, f"oci://{registry.address}/app/odd:1")
    assert done.code != 0 and "Traceback" not in done.err
    assert message in done.err


def test_a_tag_that_is_not_there_is_named(registry: Registry, compose: Compose) -> None:
    done = config(compose, f"oci://{registry.address}/app/none:1")
    assert done.code != 0 and "Traceback" not in done.err
    assert f"oci://{registry.address}/app/none:1: " in done.err


def test_files_from_registries_can_be_switched_off(registry: Registry, compose: Compose) -> None:
    publish(registry, "app/off", *project())
    name = f"oci://{registry.address}/app/off:1"
    done = config(compose, name, COMPOSE_EXPERIMENTAL_OCI_REMOTE="false")
    assert done.code != 0
    assert f"{name}: OCI remote resource is disabled" in done.err
