"""Kept loads: never another answer than loading gives, and never an error of their own."""

from __future__ import annotations

import marshal
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compose.loader import cache, load_project, printed
from compose.loader.evidence import Evidence
from compose.loader.load import load
from compose.project import LoadOptions, Project
from schemas.errors import ComposeFileError

FILE = """
name: demo
include: [more.yaml]
services:
  web:
    image: "busybox:${TAG:-latest}"
    env_file: [{path: web.env, required: false}]
    extends: {file: base.yaml, service: base}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A project, and a cache of its own; its files are old enough to be known by their times."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "compose.yaml").write_text(FILE)
    (directory / "base.yaml").write_text("services: {base: {labels: {a: b}}}\n")
    (directory / "more.yaml").write_text("services: {other: {image: alpine}}\n")
    return directory


def _options(directory: Path, **environ: str) -> LoadOptions:
    shell = {"HOME": "/home/x", "XDG_CACHE_HOME": str(directory.parent / "cache"), **environ}
    return LoadOptions(cwd=str(directory), environ=shell)


def _entries(directory: Path) -> list[Path]:
    return sorted((directory.parent / "cache" / "pycompose" / "projects").iterdir())


def _fresh(options: LoadOptions) -> Project:
    return load(options, Evidence())


def _kept(options: LoadOptions) -> Project | None:
    entry = cache.fetch(options)
    return entry.project(options.environ) if entry is not None else None


def _same(left: Project, right: Project) -> bool:
    return left._replace(environment=dict(left.environment)) == right._replace(
        environment=dict(right.environment)
    )


def test_the_second_load_is_read_and_equal_to_the_first(home: Path) -> None:
    options = _options(home, TAG="1")
    first = load_project(options)
    kept = _kept(options)
    assert kept is not None
    assert _same(kept, first)
    assert _same(kept, _fresh(options))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yaml", FILE.replace("latest", "newest")),
        ("base.yaml", "services: {base: {labels: {a: c}}}\n"),
        ("more.yaml", "services: {other: {image: debian}}\n"),
        (".env", "TAG=from-file\n"),
        ("web.env", "A=1\n"),
        ("compose.override.yaml", "services: {web: {command: x}}\n"),
        ("compose.yml", "services: {}\n"),
    ],
)
def test_a_file_that_changes_or_appears_is_seen(home: Path, name: str, text: str) -> None:
    options = _options(home)
    before = load_project(options)
    (home / name).write_text(text)
    assert cache.fetch(options) is None
    after = load_project(options)
    assert _same(after, _fresh(options))
    if name != "compose.yml":  # that one only earns a warning
        assert after.tree != before.tree


def test_a_change_within_the_same_tick_and_size_is_seen_by_its_content(home: Path) -> None:
    options = _options(home)
    load_project(options)
    file = home / "compose.yaml"
    times = file.stat()
    file.write_text(FILE.replace("latest", "newest"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    project = load_project(options)
    assert project.services["web"]["image"] == "busybox:newest"


def test_a_file_that_goes_is_missed(home: Path) -> None:
    options = _options(home)
    load_project(options)
    (home / "base.yaml").unlink()
    with pytest.raises(ComposeFileError):
        load_project(options)


def test_a_file_that_was_only_touched_is_still_the_same(home: Path) -> None:
    options = _options(home)
    load_project(options)
    os.utime(home / "compose.yaml")
    assert cache.fetch(options) is not None


def test_a_link_that_leads_elsewhere_is_seen(home: Path) -> None:
    options = _options(home)
    (home / "one").mkdir()
    (home / "two").mkdir()
    (home / "one" / "base.yaml").write_text("services: {base: {labels: {a: one}}}\n")
    (home / "two" / "base.yaml").write_text("services: {base: {labels: {a: two}}}\n")
    (home / "base.yaml").unlink()
    (home / "base.yaml").symlink_to("one/base.yaml")
    assert load_project(options).services["web"]["labels"] == {"a": "one"}
    (home / "base.yaml").unlink()
    (home / "base.yaml").symlink_to("two/base.yaml")
    assert load_project(options).services["web"]["labels"] == {"a": "two"}


def test_a_variable_that_was_asked_for_counts_others_do_not(home: Path) -> None:
    load_project(_options(home, TAG="1", OTHER="1"))
    known = _kept(_options(home, TAG="1", OTHER="2"))
    assert known is not None
    assert known.environment["OTHER"] == "2"
    assert cache.fetch(_options(home, TAG="2", OTHER="1")) is None
    assert cache.fetch(_options(home, OTHER="1")) is None


def test_the_environment_is_put_together_as_loading_does_it(home: Path) -> None:
    (home / ".env").write_text("FROM_FILE=file\nBOTH=file\nCOMPOSE_PROJECT_NAME=named\n")
    options = _options(home, BOTH="shell")
    load_project(options)
    now = _options(home, BOTH="other", NEW="1")
    kept = _kept(now)
    assert kept is not None
    assert dict(kept.environment) == dict(_fresh(now).environment)


def test_what_the_command_line_says_is_part_of_the_question(home: Path) -> None:
    options = _options(home)
    load_project(options)
    for other in (
        options._replace(project_name="x"),
        options._replace(profiles=("p",)),
        options._replace(resolve_env=False),
        options._replace(files=("more.yaml",)),
    ):
        assert cache.fetch(other) is None


def test_a_failed_load_is_not_kept(home: Path) -> None:
    options = _options(home)
    (home / "compose.yaml").write_text("services: [\n")
    with pytest.raises(ComposeFileError):
        load_project(options)
    assert not (home.parent / "cache").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data.replace(b"busybox", b"virusbx"),
        lambda data: b"00000000\n" + data.partition(b"\n")[2],
        lambda data: b"garbage",
    ],
)
def test_a_damaged_entry_is_not_believed(home: Path, damage: object) -> None:
    options = _options(home)
    load_project(options)
    (entry,) = _entries(home)
    assert callable(damage)
    entry.write_bytes(damage(entry.read_bytes()))
    assert cache.fetch(options) is None
    assert _same(load_project(options), _fresh(options))
    assert cache.fetch(options) is not None


def test_an_entry_in_another_form_is_not_believed(home: Path) -> None:
    options = _options(home)
    load_project(options)
    (entry,) = _entries(home)
    from binascii import crc32

    for head in (marshal.dumps(1), marshal.dumps([1, 2]), marshal.dumps([1, {}, [], {}]), b"\xff"):
        entry.write_bytes(b"%08x %d\n%b" % (crc32(head), len(head), head))
        assert cache.fetch(options) is None


def test_entries_are_private_and_those_that_others_can_write_are_not_believed(home: Path) -> None:
    options = _options(home)
    load_project(options)
    (entry,) = _entries(home)
    assert entry.stat().st_mode & 0o777 == 0o600
    assert entry.parent.stat().st_mode & 0o777 == 0o700
    entry.chmod(0o666)
    assert cache.fetch(options) is None
    entry.chmod(0o600)
    entry.parent.chmod(0o777)
    assert cache.fetch(options) is None
    entry.parent.chmod(0o700)
    assert cache.fetch(options) is not None


def test_it_can_be_switched_off_and_needs_a_place(home: Path) -> None:
    for environ in ({"PYCOMPOSE_NO_CACHE": "1"}, {"XDG_CACHE_HOME": "", "HOME": ""}):
        options = _options(home, **environ)
        load_project(options)
        assert cache.fetch(options) is None
    assert not (home.parent / "cache").exists()


def test_other_peoples_homes_are_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": str(home), "PYCOMPOSE_ROOT": "/lib"}
    assert cache._directory(environ) == f"{home}/.cache/pycompose/projects"
    owner = home.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert cache._directory(environ) is None
    if owner:  # what sudo does: root, in the home of a user
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        assert cache._directory(environ) == "/lib/cache/projects"


def test_where_nothing_can_be_written_loading_works_all_the_same(home: Path) -> None:
    (home.parent / "cache").write_text("not a directory")
    options = _options(home)
    assert _same(load_project(options), _fresh(options))


def test_a_young_entry_settles_once_its_files_are_old(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = _options(home)
    load_project(options)
    (entry,) = _entries(home)
    first = entry.stat().st_ino
    assert cache.fetch(options) is not None  # by content; as young as before
    assert entry.stat().st_ino == first
    later = time.time_ns() + 10_000_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later)
    assert cache.fetch(options) is not None  # by content, and written anew
    second = entry.stat().st_ino
    assert second != first
    assert cache.fetch(options) is not None  # by times
    assert entry.stat().st_ino == second


def test_what_comes_through_a_pipe_is_not_kept(home: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"services: {piped: {image: busybox}}\n")
    os.close(writing)
    options = _options(home)._replace(files=(f"/dev/fd/{reading}",))
    assert "piped" in load_project(options).services
    os.close(reading)
    assert not (home.parent / "cache").exists()


def test_old_entries_go_when_there_are_too_many(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_MOST_ENTRIES", 3)
    for number in range(6):
        load_project(_options(home)._replace(project_name=f"p{number}"))
    assert len(_entries(home)) == 3


def test_a_project_that_is_removed_is_no_trouble(home: Path) -> None:
    options = _options(home)
    load_project(options)
    shutil.rmtree(home)
    assert cache.fetch(options) is None


def _text(options: LoadOptions, name: str = "tree") -> bytes:
    return printed(options, name, lambda project: f"{name}: {project.tree}".encode())[0]


def test_a_text_made_of_a_project_is_kept_with_it(home: Path) -> None:
    options = _options(home, TAG="1")
    first = _text(options)

    def unwanted(project: Project) -> bytes:
        raise AssertionError

    assert printed(options, "tree", unwanted) == (first, ())
    assert b"busybox:1" in first
    assert _text(options, "other") == first.replace(b"tree: ", b"other: ", 1)
    assert _same(load_project(options), _fresh(options))  # the project is kept as well
    assert len(_entries(home)) == 1


def test_a_text_is_added_to_a_load_that_is_kept_already(home: Path) -> None:
    options = _options(home)
    load_project(options)
    first = _text(options)
    entry = cache.fetch(options)
    assert entry is not None
    assert entry.text("tree") == first


@pytest.mark.parametrize("name", ["compose.yaml", "base.yaml", "more.yaml", ".env", "web.env"])
def test_a_text_changes_with_every_file(home: Path, name: str) -> None:
    options = _options(home)
    before = _text(options)
    changed = {
        "compose.yaml": FILE.replace("latest", "newest"),
        "base.yaml": "services: {base: {labels: {a: c}}}\n",
        "more.yaml": "services: {other: {image: debian}}\n",
        ".env": "TAG=from-file\n",
        "web.env": "A=1\n",
    }[name]
    (home / name).write_text(changed)
    assert _text(options) != before
    assert _text(options) == f"tree: {_fresh(options).tree}".encode()


def test_a_text_changes_with_variables_profiles_and_flags(home: Path) -> None:
    more = FILE + "  extra: {image: i, profiles: [p]}\n"
    (home / "compose.yaml").write_text(more)
    options = _options(home)
    seen = {_text(options)}
    for other in (
        _options(home, TAG="2"),
        _options(home, COMPOSE_PROFILES="p"),
        options._replace(project_name="x"),
        options._replace(interpolate=False),
        options._replace(normalize=False),
        options._replace(resolve_paths=False, services=("web",)),
        options._replace(files=("more.yaml",)),
    ):
        text = _text(other)
        assert text == _text(other) == f"tree: {_fresh(other).tree}".encode()
        seen.add(text)
    assert len(seen) == 7  # paths and the choice of services change nothing here


def test_warnings_are_kept_with_a_text(home: Path) -> None:
    (home / "compose.yaml").write_text("services: {a: {image: 'x$UNSET'}}\n")
    first, second = (printed(_options(home), "t", lambda _: b"") for _ in range(2))
    assert first == second
    assert "UNSET" in first[1][0]


def test_only_so_many_texts_are_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_TEXTS", 2)
    options = _options(home)
    for name in "abc":
        _text(options, name)
    entry = cache.fetch(options)
    assert entry is not None
    assert entry.text("a") is None
    assert entry.text("b") is not None
    assert _same(entry.project(options.environ), _fresh(options))
