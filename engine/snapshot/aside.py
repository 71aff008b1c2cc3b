"""Unpack a layer in a process of its own.

The interpreter runs one thread at a time, and unpacking is the part of bringing a layer that is Python: a process for each
large layer leaves this one to read, hash and inflate, all of which happen outside of the interpreter's lock.

The tar goes in by standard input; of one that is in a file anyway, only how far it has come. A line of JSON comes back:
the bytes of the files, or what went wrong.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

from engine.snapshot.source import NEWS, write
from schemas import errors
from schemas.errors import EngineError, Failed

WORTHWHILE = 4 << 20  # bytes of tar: less is unpacked before a process has begun
_AT_ONCE = max(4, 2 * (os.cpu_count() or 1))
_slots = threading.BoundedSemaphore(_AT_ONCE)
_PIPE = 1 << 20  # the most that an ordinary user may ask for (pipe(7))
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]); from engine.snapshot.unpacking import main;"
    "main(sys.argv[2], *map(int, sys.argv[3:]))"
)


def is_free() -> bool:
    """Take one of the processes that there may be at once; to be given back with ``unpack``."""
    return bool(sys.executable) and _slots.acquire(blocking=False)


def unpack(chunks: Iterator[bytes], directory: str, *, file: int = -1) -> int:
    """Unpack the tar that ``chunks`` yields, to its last byte, into ``directory``; the bytes of its files. Raises as
    ``layer.unpack`` does, and what ``chunks`` raises. A place must have been taken by ``is_free``.

    ``file``: a descriptor of a file that holds each chunk when it is yielded.
    """
    try:
        return _unpack(chunks, directory, file)
    finally:
        _slots.release()


def _unpack(chunks: Iterator[bytes], directory: str, file: int) -> int:
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _PROGRAM, root, directory, str(file), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        pass_fds=(file,) if file >= 0 else (),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdin as pipe:
            try:
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
            except OSError:
                pass  # smaller is slower, no more
            try:
                _tell(pipe.fileno(), chunks, told=file >= 0)
            except BrokenPipeError:
                pass  # it has ended, and says why
        answer = process.stdout.read()
    except BaseException:
        process.kill()
        raise
    finally:
        process.stdout.close()
        process.wait()
    return _result(answer)


def _tell(pipe: int, chunks: Iterator[bytes], *, told: bool) -> None:
    """Pass everything on; ``told``: only how much there is by now."""
    total = 0
    for chunk in chunks:
        total += len(chunk)
        write(pipe, NEWS.pack(total) if told else chunk)


def _result(answer: bytes) -> int:
    try:
        found = json.loads(answer)
    except ValueError:
        raise Failed("the process that unpacks a layer was killed") from None
    if "size" in found:
        return int(found["size"])
    raise _error(found) from (
        OSError(found["errno"], os.strerror(found["errno"])) if found["errno"] else None
    )


def _error(found: dict[str, object]) -> EngineError:
    kind = getattr(errors, str(found["kind"]), Failed)
    return kind(str(found["message"])) if kind in _KINDS else Failed(str(found["message"]))


_KINDS = (errors.Failed, errors.InvalidArgument, errors.Unsupported)
