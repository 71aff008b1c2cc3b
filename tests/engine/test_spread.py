"""Containers' directories on an ext4 of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.local import LocalEngine
from tests.support import containers


@pytest.fixture
def root(state: tuple[Path, Path], tmp_path: Path) -> Iterator[Path]:
    image = tmp_path / "ext4"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    state[0].mkdir()
    subprocess.run(["mount", "-o", "loop", str(image), str(state[0])], check=True)
    yield state[0]
    subprocess.run(["umount", str(state[0])], check=True)


def test_directories_of_containers_are_spread_over_the_file_system(
    root: Path, engine: LocalEngine
) -> None:
    containers.make(engine, "one", "true")
    listed = subprocess.run(
        ["lsattr", "-d", str(root / "containers")], check=True, capture_output=True, text=True
    )
    assert "T" in listed.stdout.split()[0]
    engine.start("one")
    assert engine.wait("one", timeout=10).code == 0
