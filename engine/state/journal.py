"""The journal of events: one JSON line each, appended to events.jsonl under flock, rotated to events.jsonl.1.

Imported by every shim, so it stays small: appending only; ``engine.state.events`` reads.
"""

from __future__ import annotations

import fcntl
import json
import os
import time

from engine import paths

ROTATE_AT = 8 << 20


def path() -> str:
    return f"{paths.root()}/events.jsonl"


def append(type: str, action: str, id: str, attributes: dict[str, str]) -> None:
    """Record that ``action`` has happened to the object ``id``. Never fails: an event is not worth a container."""
    record = [time.time(), type, action, id, attributes]
    line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    try:
        fd = _open_locked()
    except OSError:
        return
    try:
        os.write(fd, line)
        if os.fstat(fd).st_size >= ROTATE_AT:
            os.rename(path(), path() + ".1")
    except OSError:
        pass
    finally:
        os.close(fd)


def _open_locked() -> int:
    """The journal, locked, and still the one of that name (another writer may have rotated it meanwhile)."""
    while True:
        fd = os.open(path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            if os.stat(path()).st_ino == os.fstat(fd).st_ino:
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)
