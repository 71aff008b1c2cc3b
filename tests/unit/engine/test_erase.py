"""A tree goes although somebody still writes into it, as long as that ends."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from engine import erase as erasing
from engine.erase import erase


class Writer:
    """Makes files in a directory, as a process does that holds it open: also in one that has been removed."""

    def __init__(self, directory: Path, seconds: float) -> None:
        self._fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._until = time.monotonic() + seconds
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while time.monotonic() < self._until:
            number += 1
            try:
                os.mkdir(f"new-{number}", dir_fd=self._fd)
            except FileNotFoundError:
                return  # it has been removed

    def join(self, *, at_once: bool = False) -> None:
        if at_once:
            self._until = 0.0
        self._thread.join()
        os.close(self._fd)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """One that takes a while."""
    place = tmp_path / "tree"
    (place / "a/b").mkdir(parents=True)
    for number in range(500):
        (place / f"a/b/{number}").touch()
    return place


def test_a_tree_that_is_written_to_for_a_moment(tree: Path) -> None:
    writers = [Writer(tree / "a/b", 0.3), Writer(tree / "a", 0.3)]
    erase(str(tree))
    assert not tree.exists()
    for writer in writers:
        writer.join()


def test_one_that_is_written_to_on_and_on_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "PATIENCE", 0.0)
    writer = Writer(tree / "a/b", 5.0)
    with pytest.raises(OSError, match="not empty") as failure:
        erase(str(tree))
    assert failure.value.errno == errno.ENOTEMPTY
    writer.join(at_once=True)
    erase(str(tree))
    assert not tree.exists()
