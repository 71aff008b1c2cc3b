"""``export``, ``commit`` and ``inspect``: a container as a tar, as an image, as a document."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile

import pytest

from tests.e2e.conftest import COMMAND, Compose

FILE = """
services:
  app:
    image: busybox
    init: true
    command: sleep 1000
    environment: {GIVEN: yes}
    working_dir: /work
    user: "5:6"
    volumes: [data:/data, ./here:/here]
volumes: {data: {}}
"""
MAKE = "echo new > /made; mkdir /dir; ln -s made /dir/link; rm /bin/tty; echo gone > /data/kept; chown 7:8 /made"


@pytest.fixture
def app(compose: Compose) -> Compose:
    compose.write(FILE)
    (compose.directory / "here").mkdir()
    compose("up", "-d")
    compose("exec", "-T", "-u", "0", "app", "sh", "-c", MAKE)
    return compose


def members(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name.rstrip("/"): member for member in archive}


def export(compose: Compose, *words: str) -> bytes:
    done = subprocess.run(
        [str(COMMAND), "export", *words],
        cwd=compose.directory,
        env=compose.environ,
        capture_output=True,
        check=True,
    )
    return done.stdout


def test_an_export_is_the_root_without_what_is_mounted_in_it(app: Compose) -> None:
    running = export(app, "app")
    found = members(running)
    assert (found["made"].uid, found["made"].gid, found["made"].size) == (7, 8, 4)
    assert found["dir/link"].linkname == "made"
    assert "bin/tty" not in found
    assert "bin/sh" in found
    assert found["data"].isdir()
    assert not [name for name in found if name.startswith(("data/", "proc/", "sys/", "here/"))]
    app("stop", "-t", "0")
    app("export", "-o", "root.tar", "app")
    assert {*members((app.directory / "root.tar").read_bytes())} == {*found}


def test_an_export_that_fails_leaves_nothing(app: Compose) -> None:
    done = app.run("export", "-o", "no/such/place.tar", "app")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert 'no container found for service "nothing"' in app.run("export", "nothing").err
    assert "container #7" in app.run("export", "--index", "7", "app").err


def test_an_image_of_the_changes_runs_as_the_container_did(app: Compose) -> None:
    changes = [
        "-c",
        "ENV ADDED=too",
        "-c",
        "LABEL tier=front",
        "-c",
        'CMD ["sh", "-c", "cat /made; env; pwd; id -u"]',
    ]
    done = app.run("commit", "-a", "Somebody", "-m", "what changed", *changes, "app", "mine:1")
    assert done.code == 0, done.err
    id = done.out.strip()
    (image,) = json.loads(app("image", "inspect", "mine:1"))
    assert image["Id"] == id
    assert (image["Author"], image["Config"]["Labels"]) == ("Somebody", {"tier": "front"})
    history = json.loads(
        app("image", "history", "--format", "json", "--no-trunc", "mine:1").splitlines()[0]
    )
    assert "what changed" in history.values()
    app.write("services:\n  copy:\n    image: mine:1\n", "copy.yaml")
    app("-f", "copy.yaml", "-p", "copied", "up")
    lines = app("-p", "copied", "logs", "--no-log-prefix", "copy").splitlines()
    assert {"new", "GIVEN=yes", "ADDED=too", "/work", "5"} <= {*lines}
    app("-p", "copied", "down", "-t", "0")
    app("image", "rm", "mine:1")


def test_a_commit_pauses_unless_told_not_to(app: Compose) -> None:
    app("commit", "app", "mine:2")
    app("commit", "--pause=false", "app", "mine:3")
    lines = app("events", "--json", "--since", "1m", "--until", "0s").splitlines()
    actions = [json.loads(line)["action"] for line in lines]
    said = [action for action in actions if action in ("pause", "unpause", "commit")]
    assert said[-4:] == ["pause", "unpause", "commit", "commit"]
    assert app.states() == {"demo-app-1": "running"}
    done = app.run("commit", "-c", "FROM x", "app", "mine:4")
    assert "FROM is not a valid change command" in done.err
    app("image", "rm", "mine:2", "mine:3")


def test_inspect_is_dockers_document_and_takes_templates(app: Compose) -> None:
    (found,) = json.loads(app("inspect", "app"))
    assert found["Name"] == "/demo-app-1"
    assert found["State"]["Running"] is True
    assert app("inspect", "-f", "{{.State.Status}} {{.Config.User}}", "app") == "running 5:6\n"
    assert app.run("inspect", "nothing").code == 1
