"""Volumes and bind mounts of a whole project."""

from __future__ import annotations

from tests.e2e.conftest import Compose


def test_volumes_from_finds_the_directories_that_are_made_for_the_first_service(
    compose: Compose,
) -> None:
    compose.write("""
services:
  writer:
    image: busybox
    init: true
    command: sleep 1000
    volumes: ["./made/deep:/deep", "/anonymous"]
  reader:
    image: busybox
    init: true
    command: sleep 1000
    volumes_from: ["writer:ro"]
""")
    compose("up", "-d")
    compose("exec", "-T", "writer", "touch", "/deep/a", "/anonymous/b")
    assert compose("exec", "-T", "reader", "ls", "/deep", "/anonymous").split() == [
        "/anonymous:", "b", "/deep:", "a",
    ]  # fmt: skip
    assert (compose.directory / "made/deep/a").exists()
    assert compose.run("exec", "-T", "reader", "touch", "/deep/c").code == 1
