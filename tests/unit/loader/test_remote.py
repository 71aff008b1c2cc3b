"""Compose files from git repositories, standard input, and registries."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest

from schemas.errors import ComposeFileError
from tests.unit.loader.support import project, refusal


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a tag, a branch and a folder."""
    work = tmp_path / "repo.git"
    (work / "sub").mkdir(parents=True)
    git(work, "init", "-q", "-b", "main")
    (work / "compose.yaml").write_text("services: {s: {image: one, volumes: ['./d:/d']}}\n")
    (work / "sub" / "docker-compose.yml").write_text("services: {t: {image: sub}}\n")
    (work / "sub" / "other.yaml").write_text("services: {u: {image: other}}\n")
    (work / "out.yaml").symlink_to("/etc/hostname")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "1")
    git(work, "tag", "v1")
    (work / "compose.yaml").write_text("services: {s: {image: two}}\n")
    git(work, "commit", "-q", "-a", "-m", "2")
    return work


@pytest.fixture
def home(tmp_path: Path) -> str:
    return str(tmp_path / "home")


@pytest.mark.parametrize(
    ("fragment", "service", "image"),
    [
        ("", "s", "two"),
        ("#main", "s", "two"),
        ("#v1", "s", "one"),
        ("#main:sub", "t", "sub"),
        ("#:sub/other.yaml", "u", "other"),
    ],
)
def test_a_file_is_named_by_repository_reference_and_folder(
    repository: Path, tmp_path: Path, home: str, fragment: str, service: str, image: str
) -> None:
    found = project(tmp_path, {}, "-f", f"file://{repository}{fragment}", "-p", "p", HOME=home)
    assert found.services[service]["image"] == image


def test_relative_paths_are_those_of_the_checkout(
    repository: Path, tmp_path: Path, home: str
) -> None:
    commit = git(repository, "rev-parse", "v1")
    found = project(tmp_path, {}, "-f", f"file://{repository}#{commit}", "-p", "p", HOME=home)
    source = found.services["s"]["volumes"][0]["source"]
    assert source == f"{home}/.cache/pycompose/git/{commit}/d"
    assert found.working_dir == f"{home}/.cache/pycompose/git/{commit}"


def test_a_commit_that_is_here_is_not_fetched_again(
    repository: Path, tmp_path: Path, home: str
) -> None:
    commit = git(repository, "rev-parse", "v1")
    url = f"file://{repository}#{commit}"
    project(tmp_path, {}, "-f", url, "-p", "p", HOME=home)
    repository.rename(tmp_path / "gone")
    assert project(tmp_path, {}, "-f", url, "-p", "p", HOME=home).services["s"]["image"] == "one"


def test_include_and_extends_take_remote_files(repository: Path, tmp_path: Path, home: str) -> None:
    text = (
        f"include: ['file://{repository}#v1']\n"
        f"services: {{x: {{extends: {{service: t, file: 'file://{repository}#main:sub'}}}}}}\n"
    )
    found = project(tmp_path, text, HOME=home)
    assert found.services["s"]["image"] == "one"
    assert found.services["x"]["image"] == "sub"


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("#nope", "repository does not contain ref nope"),
        ("#main:none", "no Compose file found in none"),
        ("#main:../..", "no Compose file found in ../.."),
        ("#main:out.yaml", "out.yaml leads out of the repository"),
        ("#--upload-pack=x", "not a git URL"),
    ],
)
def test_what_is_not_there_is_named(
    repository: Path, tmp_path: Path, home: str, fragment: str, message: str
) -> None:
    assert message in refusal(
        tmp_path, {}, "-f", f"file://{repository}{fragment}", "-p", "p", HOME=home
    )


def test_remote_files_can_be_switched_off(repository: Path, tmp_path: Path, home: str) -> None:
    said = refusal(
        tmp_path,
        {},
        "-f",
        f"file://{repository}",
        HOME=home,
        COMPOSE_EXPERIMENTAL_GIT_REMOTE="false",
    )
    assert "git remote resource is disabled by 'COMPOSE_EXPERIMENTAL_GIT_REMOTE'" in said


def test_a_registry_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ComposeFileError) as error:
        project(tmp_path, {}, "-f", "oci://127.0.0.1:1/app:1")
    assert error.value.message.startswith("oci://127.0.0.1:1/app:1: cannot reach http")


def test_a_dash_reads_standard_input_and_keeps_its_positions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def type_in(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    type_in("services: {s: {image: i, build: .}}\n")
    found = project(tmp_path, {}, "-f", "-", "-p", "p")
    assert found.services["s"]["build"]["context"] == str(tmp_path)
    type_in("services:\n  s: {imag: i}\n")
    with pytest.raises(ComposeFileError) as error:
        project(tmp_path, {}, "-f", "-", "-p", "p")
    assert error.value.message.startswith("-:2:7: services.s.imag: ")
    assert "  2 |   s: {imag: i}" in error.value.message
