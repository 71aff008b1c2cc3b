from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from engine.state import db
from engine.state.schema import MIGRATIONS
from schemas.errors import Failed

INSERT = "INSERT INTO volumes (name, driver, labels, options, created) VALUES (?, 'local', '{}', '{}', 0)"


def names() -> list[str]:
    return [name for (name,) in db.connection().execute("SELECT name FROM volumes ORDER BY name")]


def test_a_new_database_has_the_present_version_and_is_ours_alone(root: Path) -> None:
    (version,) = db.connection().execute("PRAGMA user_version").fetchone()
    assert version == len(MIGRATIONS)
    assert (root / "state.db").stat().st_mode & 0o777 == 0o600


def test_a_transaction_commits_at_its_end() -> None:
    with db.transaction() as database:
        database.execute(INSERT, ("a",))
    assert names() == ["a"]


def test_an_error_inside_a_transaction_takes_everything_back() -> None:
    def fail() -> None:
        with db.transaction() as database:
            database.execute(INSERT, ("a",))
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert names() == []
    with db.transaction() as database:
        database.execute(INSERT, ("b",))
    assert names() == ["b"]


def test_a_database_of_an_older_version_is_brought_up_to_date(root: Path) -> None:
    root.mkdir()
    with sqlite3.connect(root / "state.db") as old:
        for statement in MIGRATIONS[0].split(";\n"):
            old.execute(statement)
        old.execute("PRAGMA user_version=1")
        old.execute(INSERT, ("kept",))
    old.close()
    assert names() == ["kept"]
    (version,) = db.connection().execute("PRAGMA user_version").fetchone()
    assert version == len(MIGRATIONS)


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(root: Path) -> None:
    root.mkdir()
    database = sqlite3.connect(root / "state.db")
    database.execute("PRAGMA user_version=999")
    database.close()
    with pytest.raises(Failed, match="newer version") as caught:
        db.connection()
    assert caught.value.hint is not None


def test_a_file_that_is_no_database_is_an_error_naming_it(root: Path) -> None:
    root.mkdir()
    (root / "state.db").write_bytes(b"no database, but long enough to look at" * 50)
    with pytest.raises(Failed, match=r"state\.db"):
        db.connection()


def test_many_threads_write_without_losing_or_failing() -> None:
    def write(number: int) -> None:
        for step in range(10):
            with db.transaction() as database:
                database.execute(INSERT, (f"{number}-{step}",))
        db.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names()) == 80


def test_several_processes_may_make_the_database_at_once() -> None:
    children = []
    for number in range(6):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                with db.transaction() as database:
                    database.execute(INSERT, (str(number),))
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * 6
    assert names() == list("012345")


def test_a_writer_killed_in_its_transaction_leaves_nothing_and_no_lock() -> None:
    db.connection()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with db.transaction() as database:
            database.execute(INSERT, ("torn",))
            os.write(write, b"x")
            os.kill(os.getpid(), 9)
    os.read(read, 1)
    os.waitpid(pid, 0)
    os.close(read)
    os.close(write)
    with db.transaction() as database:
        database.execute(INSERT, ("after",))
    assert names() == ["after"]
