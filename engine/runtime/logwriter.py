"""Write a container's log, with rotation. Only its shim does."""

from __future__ import annotations

import os
import time

from engine import paths
from engine.runtime import logformat
from schemas.errors import InvalidArgument
from schemas.specs import Logging
from schemas.typed import NamedTuple, Protocol

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
# Docker's local driver rotates by default, json-file does not.
_LOCAL_SIZE, _LOCAL_FILES = 20 << 20, 5


class Writer(Protocol):
    def append(self, stream: int, data: bytes) -> None: ...
    def close(self) -> None: ...


class NoLog:
    """The logging driver "none"."""

    def append(self, stream: int, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


class LogWriter:
    """Appends frames to ``containers/<id>/log``; older ones are ``log.1``, ``log.2`` …"""

    def __init__(self, id: str, *, max_size: int, max_files: int) -> None:
        self._path = f"{paths.container_dir(id)}/log"
        self._max_size = max_size
        self._max_files = max_files
        self._fd = -1  # opened with the first output: many containers never write
        self._size = 0

    def append(self, stream: int, data: bytes) -> None:
        """Write what one read returned. A full disk loses output, never the container."""
        if self._fd < 0 and not self._open():
            return
        if self._max_size and self._size and self._size + len(data) > self._max_size:
            self._rotate()
            if self._fd < 0:
                return
        header = logformat.encode(time.time(), stream, len(data))
        try:
            written = os.writev(self._fd, [header, data])
        except OSError:
            return
        if written < len(header) + len(data):
            # Half a frame would make the rest unreadable.
            os.ftruncate(self._fd, self._size)
            return
        self._size += written

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._fd = os.open(self._path, flags, 0o640)
        except OSError:
            return False
        self._size = os.fstat(self._fd).st_size
        return True

    def _rotate(self) -> None:
        self.close()
        if self._max_files > 1:
            for number in range(self._max_files - 1, 0, -1):
                older = f"{self._path}.{number - 1}" if number > 1 else self._path
                try:
                    os.rename(older, f"{self._path}.{number}")
                except FileNotFoundError:
                    continue
        else:
            os.unlink(self._path)
        if not self._open():
            self._size = 0


class Plan(NamedTuple):
    """What ``logging`` comes to."""

    kept: bool
    max_size: int  # bytes of one file; 0: without limit
    max_files: int


def open_log(id: str, plan: Plan) -> Writer:
    """The writer of a container."""
    return LogWriter(id, max_size=plan.max_size, max_files=plan.max_files) if plan.kept else NoLog()


def plan(logging: Logging) -> Plan:
    """Driver and options as one; InvalidArgument."""
    options = logging.get("options") or {}
    local = logging.get("driver") == "local"
    size = _size(options["max-size"]) if "max-size" in options else _LOCAL_SIZE if local else 0
    text = options.get("max-file") or (str(_LOCAL_FILES) if local else "1")
    if not text.isdecimal() or int(text) < 1:
        raise InvalidArgument(f"logging.options max-file: {text} is not a number of files")
    if int(text) > 1 and not size:
        raise InvalidArgument("logging.options max-file needs max-size beside it")
    return Plan(logging.get("driver") != "none", size, int(text))


def _size(text: str) -> int:
    word = text.strip().lower().removesuffix("b")
    unit = word[-1:] if word[-1:] in ("k", "m", "g") else ""
    number = word.removesuffix(unit)
    try:
        size = int(float(number) * _UNITS[unit])
    except ValueError:
        size = 0
    if size <= 0:
        raise InvalidArgument(f"logging.options max-size: {text} is not a size like 10m")
    return size
