"""The state database: SQLite in WAL mode, one connection a thread, writes in short immediate transactions.

``synchronous=NORMAL``: a power cut may lose the last transactions, never the consistency (sqlite.org/wal.html);
what a lost transaction described died with the same power cut.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from engine import paths
from engine.state.schema import MIGRATIONS
from schemas.errors import EngineError, Failed, Unavailable

BUSY_SECONDS = 30.0


class _Local(threading.local):
    """The calling thread's connection, and for which file and process it was opened."""

    connection: sqlite3.Connection | None = None
    key: tuple[str, int] = ("", 0)


_local = _Local()
# Threads of one process queue here: SQLite's own busy handler sleeps, and sleeps longer the longer it waits.
_writers = threading.Lock()


def connection() -> sqlite3.Connection:
    """The calling thread's connection, in autocommit; Unavailable when the file cannot be opened.

    A connection must not be carried over a fork, so a child opens its own.
    """
    key = (paths.root(), os.getpid())
    if _local.connection is None or _local.key != key:
        if _local.connection is not None and _local.key[1] == key[1]:
            _local.connection.close()
        _local.connection = _open(f"{key[0]}/state.db")
        _local.key = key
    return _local.connection


@contextmanager
def transaction() -> Iterator[sqlite3.Connection]:
    """A write transaction that begins with the write lock held; commits at the end, rolls back on any error.

    Not to be nested. What is read inside stays true until the commit.
    """
    database = connection()
    with _writers:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as err:
            raise _explain(err) from err
        try:
            yield database
            database.execute("COMMIT")
        except BaseException as err:
            if database.in_transaction:
                database.execute("ROLLBACK")
            if isinstance(err, sqlite3.OperationalError):
                raise _explain(err) from err
            raise


def close() -> None:
    """Close the calling thread's connection, if it has one."""
    if _local.connection is not None and _local.key[1] == os.getpid():
        _local.connection.close()
    _local.connection = None


def _open(path: str) -> sqlite3.Connection:
    try:
        if not os.path.exists(path):
            _create(path)
        database = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as err:
        raise _no_access(path, err) from err
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != len(MIGRATIONS):
            _migrate(database, path)
        database.execute("PRAGMA synchronous=NORMAL")
        database.execute("PRAGMA foreign_keys=ON")
    except sqlite3.Error as err:
        database.close()
        if isinstance(err, sqlite3.OperationalError):
            raise _no_access(path, err) from err
        raise Failed(f"{path}: {err}") from err
    except BaseException:
        database.close()
        raise
    return database


def _create(path: str) -> None:
    """Make the file complete beside its place and move it there, so that nobody ever opens one half made.

    SQLite's change to WAL fails at once, without its busy handler, while another connection looks at the file.
    """
    directory, new = os.path.dirname(path), f"{path}.new"
    os.makedirs(directory, mode=0o711, exist_ok=True)
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(path):
            return
        for left_over in (new, f"{new}-wal", f"{new}-shm"):
            with suppress(FileNotFoundError):
                os.unlink(left_over)
        with closing(sqlite3.connect(new, isolation_level=None)) as database:
            _migrate(database, new)
        os.rename(new, path)
    finally:
        os.close(lock)


def _migrate(database: sqlite3.Connection, path: str) -> None:
    """Bring the file to the present version; several processes may try at once."""
    os.chmod(path, 0o600)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("BEGIN IMMEDIATE")
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise Failed(
                f"{path} was written by a newer version (format {version}, this one knows {len(MIGRATIONS)})",
                hint="use that version, or another PYCOMPOSE_ROOT",
            )
        for script in MIGRATIONS[version:]:
            for statement in script.split(";\n"):
                if statement.strip():
                    database.execute(statement)
        database.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _no_access(path: str, err: Exception) -> EngineError:
    reason = os.strerror(err.errno) if isinstance(err, OSError) and err.errno else str(err)
    if os.geteuid() != 0:
        return Unavailable(
            f"the local engine needs root ({path}: {reason})", hint="sudo pycompose …"
        )
    return Unavailable(f"cannot use {path}: {reason}")


def _explain(err: sqlite3.OperationalError) -> EngineError:
    if err.sqlite_errorcode in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable(
            f"{paths.root()}/state.db has been locked by another process for {BUSY_SECONDS:.0f} s"
        )
    if err.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return Failed(f"{paths.root()}/state.db: {os.strerror(errno.ENOSPC)}")
    return Failed(f"{paths.root()}/state.db: {err}")
