"""Compress a log file that was rotated away, in a process of its own: the shim has containers to serve meanwhile.

The gzip header's name is the time of the first frame, which stands at the file's beginning, so that a reader knows which
file it was.
"""

from __future__ import annotations

import os
import select
import signal

from engine.kernel import descriptors, pidfd
from engine.runtime.logformat import BEGINNING

_PATIENCE = 10.0  # seconds that a rotation waits for the one before it
_CHUNK = 1 << 20


def begin(path: str) -> int:
    """Replace ``path`` by ``path.gz``; a pidfd of who does it."""
    pid = os.fork()
    if pid:
        return pidfd.pidfd_open(pid)
    try:
        signal.set_wakeup_fd(-1)
        descriptors.close_all_but(())  # the shim's lock must end with the shim
        os.nice(5)
        _compress(path)
    finally:
        os._exit(0)


def wait(process: int) -> None:
    """Wait until it is done; -1 is nobody."""
    if process >= 0:
        select.select([process], [], [], _PATIENCE)
        os.close(process)


def beginning(path: str) -> bytes:
    """The first bytes of the file that ``path`` was made from."""
    with open(path, "rb") as file:
        head = file.read(64)
    if head[:2] != b"\x1f\x8b" or not head[3] & 8:
        return b""
    return bytes.fromhex(head[10:].partition(b"\0")[0].decode("ascii", "replace"))


def _compress(path: str) -> None:
    import zlib

    with open(path, "rb") as source, open(f"{path}.tmp", "wb") as target:
        found = os.fstat(source.fileno())
        # RFC 1952: magic, deflate, a name follows, no time, no hints, Unix.
        target.write(
            b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"
            + os.pread(source.fileno(), BEGINNING, 0).hex().encode()
            + b"\0"
        )
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        check, size = 0, 0
        while part := source.read(_CHUNK):
            check, size = zlib.crc32(part, check), size + len(part)
            target.write(packer.compress(part))
        target.write(packer.flush())
        target.write(check.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little"))
        os.fchmod(target.fileno(), found.st_mode & 0o777)
    os.rename(f"{path}.tmp", f"{path}.gz")
    os.unlink(path)
