"""How much room a directory tree takes."""

from __future__ import annotations

import os
import stat


def tree_size(path: str) -> int:
    """The bytes of the regular files below ``path``, hard links counted once; 0 when it is not there. The tree may be in use:
    what goes meanwhile is not counted."""
    total = 0
    seen: set[int] = set()
    waiting = [path]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if not stat.S_ISREG(found.st_mode):
                    continue
                if found.st_nlink > 1:
                    if found.st_ino in seen:
                        continue
                    seen.add(found.st_ino)
                total += found.st_size
    return total
