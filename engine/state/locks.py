"""Advisory locks between processes: flock(2) on files below the state root; the kernel drops them at death.

The threads of one process exclude each other too, since every call opens a file description of its own.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from engine import paths


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Hold the lock ``name`` alone; waits."""
    with _held(name, fcntl.LOCK_EX):
        yield


@contextmanager
def shared(name: str) -> Iterator[None]:
    """Hold the lock ``name`` together with other sharers; waits for an exclusive holder."""
    with _held(name, fcntl.LOCK_SH):
        yield


@contextmanager
def attempt(name: str) -> Iterator[bool]:
    """Hold the lock ``name`` alone if nobody else has it now: yields whether it is held."""
    fd = _open(name)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            if err.errno != errno.EWOULDBLOCK:
                raise
            yield False
        else:
            yield True
    finally:
        os.close(fd)


@contextmanager
def on_directory(path: str) -> Iterator[None]:
    """Hold an existing directory alone: a lock that goes with the thing it guards. FileNotFoundError when it is gone."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        yield
    finally:
        os.close(fd)


@contextmanager
def _held(name: str, operation: int) -> Iterator[None]:
    fd = _open(name)
    try:
        fcntl.flock(fd, operation)
        yield
    finally:
        os.close(fd)


def _open(name: str) -> int:
    """Lock files are small, named for what they guard, and never removed: an unlinked one would guard nothing."""
    directory = f"{paths.root()}/locks"
    path = f"{directory}/{name}"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        return os.open(path, flags, 0o600)
