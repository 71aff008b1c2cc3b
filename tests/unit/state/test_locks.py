from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from engine.state import locks


def test_an_exclusive_lock_keeps_others_out() -> None:
    with locks.exclusive("store"):
        with locks.attempt("store") as held:
            assert not held
        with locks.attempt("another") as held:
            assert held
    with locks.attempt("store") as held:
        assert held


def test_sharers_are_together_and_keep_an_exclusive_one_out() -> None:
    with locks.shared("store"), locks.shared("store"), locks.attempt("store") as held:
        assert not held


def test_a_lock_dies_with_its_process() -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with locks.exclusive("store"):
            os.write(write, b"x")
            os.kill(os.getpid(), 9)
    os.read(read, 1)
    os.waitpid(pid, 0)
    os.close(read)
    os.close(write)
    with locks.attempt("store") as held:
        assert held


def test_a_directory_lock_on_a_directory_removed_meanwhile_says_so(tmp_path: Path) -> None:
    directory = tmp_path / "thing"
    directory.mkdir()
    found: list[BaseException] = []
    waiting = threading.Event()

    def second() -> None:
        waiting.set()
        try:
            with locks.on_directory(str(directory)):
                pass
        except FileNotFoundError as err:
            found.append(err)

    thread = threading.Thread(target=second)
    with locks.on_directory(str(directory)):
        thread.start()
        waiting.wait()
        directory.rmdir()
    thread.join()
    assert len(found) == 1
    with pytest.raises(FileNotFoundError), locks.on_directory(str(directory)):
        pass
