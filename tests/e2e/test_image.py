"""image: load, save, import, list, inspect, tag, remove, prune."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Compose
from tests.support import images


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved image that is no other test's."""
    path = tmp_path_factory.mktemp("archive") / "own.tar"
    layer = images.tar(images.member("hello", b"there", mode=0o755))
    path.write_bytes(
        images.docker_archive(
            [layer], ["own:1", "own:2"], {"Cmd": ["/hello"], "Labels": {"a": "b"}}
        )
    )
    return path


@pytest.fixture
def own(compose: Compose, archive: Path) -> Compose:
    """The image, loaded; afterwards gone."""
    assert (
        compose("image", "load", "-i", str(archive)) == "Loaded image: own:1\nLoaded image: own:2\n"
    )
    return compose


@pytest.fixture(autouse=True)
def _tidy(compose: Compose) -> object:
    yield
    for name in compose("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split():
        if name not in ("busybox:latest", "pycompose/host:latest", "<none>:<none>"):
            compose("image", "rm", "-f", name)
    compose("image", "prune", "-f")


def test_an_archive_comes_from_a_file_or_from_standard_input(
    compose: Compose, archive: Path
) -> None:
    with archive.open("rb") as stream:
        done = subprocess.run(
            [str(COMMAND), "image", "load"],
            cwd=compose.directory,
            env=compose.environ,
            stdin=stream,
            capture_output=True,
            check=True,
        )
    assert done.stdout == b"Loaded image: own:1\nLoaded image: own:2\n"
    assert (
        compose.run("image", "load", "-i", "/nope.tar").err
        == "open /nope.tar: no such file or directory\n"
    )
    assert compose.run("image", "load").code == 1


def test_images_are_listed_filtered_and_formatted(own: Compose) -> None:
    header, *rows = own("image", "ls", "own").splitlines()
    assert header.split() == ["REPOSITORY", "TAG", "IMAGE", "ID", "CREATED", "SIZE"]
    assert [row.split()[:2] for row in rows] == [["own", "1"], ["own", "2"]]
    assert own("image", "ls", "--format", "{{.Tag}} {{.Size}}", "own:2") == "2 5B\n"
    assert (
        own("image", "ls", "-q", "--filter", "label=a=b").split()
        == own("image", "ls", "-q", "own").split()
    )
    assert own("image", "ls", "-q", "--filter", "dangling=true") == ""
    found = [json.loads(line) for line in own("image", "ls", "--format", "json").splitlines()]
    assert {"busybox", "own", "pycompose/host"} <= {each["Repository"] for each in found}
    assert own.run("image", "ls", "-f", "foo=1").err == "invalid filter 'foo'\n"


def test_inspect_prints_what_is_there_and_names_what_is_not(own: Compose) -> None:
    done = own.run("image", "inspect", "own:1", "nope")
    assert done.code == 1
    assert json.loads(done.out)[0]["RepoTags"] == ["own:1", "own:2"]
    assert done.err == "No such image: nope\n"
    assert (
        own("image", "inspect", "-f", "{{index .Config.Cmd 0}} {{.Os}}", "own:1")
        == "/hello linux\n"
    )
    assert own.run("image", "inspect", "nope").out == "[]\n"


def test_what_was_saved_can_be_loaded_again(own: Compose, tmp_path: Path) -> None:
    id = own("image", "ls", "-q", "--no-trunc", "own:1")
    saved = tmp_path / "saved.tar"
    own("image", "save", "-o", str(saved), "own:1")
    assert own("image", "rm", "own:1", "own:2").splitlines()[:2] == [
        "Untagged: own:1",
        "Untagged: own:2",
    ]
    assert own("image", "load", "-q", "-i", str(saved)) == "Loaded image: own:1\n"
    assert own("image", "ls", "-q", "--no-trunc", "own:1") == id
    saved.unlink()


def test_a_root_filesystem_is_imported_with_changes(compose: Compose, tmp_path: Path) -> None:
    root = tmp_path / "root.tar"
    root.write_bytes(images.busybox_layer())
    id = compose(
        "image", "import", "-c", 'CMD ["echo","imported"]', "-m", "why", str(root), "base:1"
    ).strip()
    root.unlink()
    assert json.loads(compose("image", "inspect", id))[0]["Comment"] == "why"
    compose.write("name: demo\nservices: {a: {image: 'base:1'}}\n")
    compose("up")
    assert compose("logs", "--no-log-prefix") == "imported\n"
    done = compose.run("image", "rm", "base:1")
    assert done.code == 1
    assert "container" in done.err
    assert compose.run("image", "import", "https://example.com/x.tar").code == 1


def test_names_are_given_and_taken(own: Compose) -> None:
    own("image", "tag", "own:1", "other/name:x")
    assert own("image", "rm", "other/name:x") == "Untagged: other/name:x\n"
    assert own.run("image", "tag", "nope", "x").err == "No such image: nope\n"
    done = own.run("image", "rm", "own:1", "nope")
    assert (done.code, done.out, done.err) == (1, "Untagged: own:1\n", "No such image: nope\n")
    assert own.run("image", "rm", "-f", "nope").code == 0


def test_prune_asks_and_spares_what_is_named_or_used(own: Compose, tmp_path: Path) -> None:
    root = tmp_path / "root.tar"
    root.write_bytes(images.tar(images.member("x", b"123")))
    id = own("image", "import", str(root)).strip()
    root.unlink()
    asked = own("image", "prune", input="n\n")
    assert (
        asked
        == "WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N] "
    )
    removed = own("image", "prune", input="y\n").splitlines()
    assert f"deleted: {id}" in removed
    assert removed[-1] == "Total reclaimed space: 3B"
    assert own("image", "ls", "-q", "--no-trunc", "--filter", "dangling=true") == ""
    assert "own" in own("image", "ls")
    own.write("name: demo\nservices: {a: {image: busybox}}\n")
    own("create")
    own("image", "prune", "-a", "-f")
    names = own("image", "ls", "--format", "{{.Repository}}")
    assert "own" not in names
    assert {"pycompose/host", "busybox"} <= set(names.split())
