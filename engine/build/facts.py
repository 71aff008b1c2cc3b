"""What is known of the files of a directory, so that unchanged ones are not read again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.build.selection import Item


class Facts:
    """File digests known by what the file system says of the file, so that an unchanged one is not read again."""

    def __init__(self) -> None:
        self.known: dict[str, list[int | str]] = {}
        self.changed = False

    def digest(self, item: Item, key: str) -> str:
        """The digest of a regular file; ``key`` is its path from the root."""
        status = item.status
        facts = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self.known.get(key)
        if known is not None and known[:4] == facts:
            return str(known[4])
        import hashlib

        from engine.build.selection import read

        found = hashlib.sha256()
        fd = item.open()
        try:
            read(fd, found.update)
        finally:
            os.close(fd)
        digest = found.hexdigest()
        self.known[key] = [*facts, digest]
        self.changed = True
        return digest
