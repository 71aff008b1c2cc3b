"""cp: files between containers and here, by the rules of docker cp."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Compose

FILE = """
name: demo
services:
  web:
    image: busybox
    command: sleep 1000
    deploy: {replicas: 2}
    stop_grace_period: 0s
  done: {image: busybox, command: "true"}
"""


@pytest.fixture
def demo(compose: Compose) -> Compose:
    compose.write(FILE)
    compose("up", "-d")
    (compose.directory / "one").write_text("1\n")
    (compose.directory / "dir" / "sub").mkdir(parents=True)
    (compose.directory / "dir" / "two").write_text("2\n")
    (compose.directory / "dir" / "link").symlink_to("two")
    return compose


def _listing(demo: Compose, path: str, *, index: str = "1") -> list[str]:
    return sorted(demo("exec", "-T", "--index", index, "web", "find", path).split())


def test_a_file_goes_into_every_replica_and_comes_out_of_the_first(demo: Compose) -> None:
    done = demo.run("cp", "one", "web:/tmp/")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        line
        for name in ("demo-web-1", "demo-web-2")
        for line in (
            f" {name} copy one to {name}:/tmp/ Copying",
            f" {name} copy one to {name}:/tmp/ Copied",
        )
    ]
    for index in ("1", "2"):
        assert _listing(demo, "/tmp/one", index=index) == ["/tmp/one"]
    demo("cp", "--index", "2", "one", "web:/tmp/only")
    assert demo.run("exec", "web", "test", "-e", "/tmp/only").code == 1
    demo("cp", "web:/tmp/one", "back")
    assert (demo.directory / "back").read_text() == "1\n"


def test_a_directory_is_named_by_whether_its_place_is_there(demo: Compose) -> None:
    demo("cp", "dir", "web:/tmp/new")
    assert _listing(demo, "/tmp/new") == [
        "/tmp/new",
        "/tmp/new/link",
        "/tmp/new/sub",
        "/tmp/new/two",
    ]
    demo("cp", "dir", "web:/tmp/new")
    assert "/tmp/new/dir/two" in _listing(demo, "/tmp/new")
    demo("cp", "dir/.", "web:/tmp/flat")
    assert _listing(demo, "/tmp/flat") == [
        "/tmp/flat",
        "/tmp/flat/link",
        "/tmp/flat/sub",
        "/tmp/flat/two",
    ]
    demo("cp", "web:/tmp/flat", "got")
    demo("cp", "web:/tmp/flat", "got")
    assert sorted(os.listdir(demo.directory / "got")) == ["flat", "link", "sub", "two"]
    demo("cp", "web:/tmp/flat/.", "got")
    assert os.readlink(demo.directory / "got" / "link") == "two"


def test_links_are_copied_as_links_unless_followed(demo: Compose) -> None:
    demo("cp", "dir", "web:/tmp/d")
    demo("cp", "web:/tmp/d/link", "as-link")
    demo("cp", "-L", "web:/tmp/d/link", "as-file")
    assert (demo.directory / "as-link").is_symlink()
    assert (demo.directory / "as-file").read_text() == "2\n"
    demo("cp", "-L", "dir/link", "web:/tmp/followed")
    assert demo("exec", "web", "cat", "/tmp/followed") == "2\n"


def test_a_dash_is_a_tar_stream_both_ways(demo: Compose) -> None:
    demo("cp", "dir", "web:/tmp/d")
    stream = subprocess.run(
        [str(COMMAND), "cp", "web:/tmp/d", "-"],
        cwd=demo.directory,
        env=demo.environ,
        capture_output=True,
        check=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        assert sorted(tar.getnames()) == ["d", "d/link", "d/sub", "d/two"]
    done = subprocess.run(
        [str(COMMAND), "cp", "-", "web:/var"],
        cwd=demo.directory,
        env=demo.environ,
        input=stream,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0
    assert "/var/d/two" in _listing(demo, "/var")


def test_stopped_containers_serve_too(demo: Compose) -> None:
    demo("cp", "one", "done:/etc/one")
    demo("cp", "done:/etc/one", "back")
    assert (demo.directory / "back").read_text() == "1\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope", "web:/tmp/"], "lstat {}/nope: no such file or directory"),
        (["web:/nope", "x"], "Could not find the file /nope in container "),
        (["one", "web:/nope/"], "no such directory"),
        (["one", "web:/nope/x"], "Could not find the file /nope in container "),
        (["dir", "web:/etc/passwd"], "cannot copy directory"),
        (["web:/etc", "one"], "cannot copy directory"),
        (["web:/etc/passwd", "nope/x"], 'invalid output path: directory "{}/nope" does not exist'),
        (["web:/etc/passwd", "nope/"], "no such directory"),
        (["nope:/etc", "x"], 'no container found for service "nope"'),
        (["--index", "7", "one", "web:/tmp"], 'service "web" is not running container #7'),
        (["web:/a", "done:/b"], "copying between services is not supported"),
        (["one", "two"], "unknown copy direction"),
    ],
)
def test_what_cannot_be_copied_is_said_in_the_words_of_docker(
    demo: Compose, words: list[str], message: str
) -> None:
    done = demo.run("cp", *words)
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith(message.format(demo.directory))


def test_a_dry_run_copies_nothing(demo: Compose) -> None:
    done = demo.run("--dry-run", "cp", "one", "web:/tmp/")
    assert (
        done.err.splitlines()[-1]
        == " DRY-RUN MODE -  demo-web-2 copy one to demo-web-2:/tmp/ Copied"
    )
    assert demo.run("exec", "web", "test", "-e", "/tmp/one").code == 1


def test_a_container_full_of_links_cannot_write_here(demo: Compose, tmp_path: Path) -> None:
    demo(
        "exec",
        "--index",
        "1",
        "web",
        "sh",
        "-c",
        f"mkdir /tmp/evil; ln -s {tmp_path} /tmp/evil/out; ln -s /etc /tmp/evil/etc",
    )
    demo("cp", "web:/tmp/evil", "got")
    assert (demo.directory / "got" / "out").is_symlink()
    demo("cp", "web:/tmp/evil/.", "got")
    assert sorted(os.listdir(tmp_path)) == ["demo"]
