"""A stack of layers seen as overlayfs shows it, without mounting anything: lookups and listings (overlayfs.rst).

Layers are directories that nobody changes. Links are followed inside the stack only.
"""

from __future__ import annotations

import os
import stat

from engine.snapshot.layer import OPAQUE
from schemas.errors import InvalidArgument

_LINKS = 40  # path_resolution(7)


def resolve(lowers: list[str], path: str) -> list[str]:
    """Where ``path`` is: the directories that merge there (top first), or the one file; [] when there is nothing."""
    trail: list[list[str]] = [lowers]  # the directories gone through, so that ".." leads back
    parts = _parts(path)
    links = 0
    while parts:
        name = parts.pop()
        if name == "..":
            trail = trail[:-1] or trail
            continue
        found = lookup(trail[-1], name)
        if not found:
            return []
        kind = os.lstat(found[0]).st_mode
        if stat.S_ISLNK(kind):
            links += 1
            if links > _LINKS:
                raise InvalidArgument(f"{path}: too many levels of symbolic links in the image")
            target = os.readlink(found[0])
            if target.startswith("/"):
                trail = [lowers]
            parts += _parts(target)
        elif stat.S_ISDIR(kind):
            trail.append(found)
        else:
            return [] if parts else found
    return trail[-1]


def lookup(directories: list[str], name: str) -> list[str]:
    """The entry ``name`` of merged ``directories``: its merged directories, or one file; [] when hidden or absent."""
    found: list[str] = []
    for directory in directories:
        path = f"{directory}/{name}"
        try:
            entry = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if not stat.S_ISDIR(entry.st_mode):
            # A file, or the whiteout of one, ends the search; below a directory it is hidden itself.
            return found or ([] if _is_whiteout(entry) else [path])
        found.append(path)
        if _is_opaque(path):
            break
    return found


def names(directories: list[str]) -> list[str]:
    """The names in merged ``directories``, those of whiteouts included: ``lookup`` decides."""
    return sorted({name for directory in directories for name in os.listdir(directory)})


def _parts(path: str) -> list[str]:
    """The components of a path, last first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _is_whiteout(entry: os.stat_result) -> bool:
    return stat.S_ISCHR(entry.st_mode) and entry.st_rdev == 0


def _is_opaque(path: str) -> bool:
    try:
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b"y"
    except OSError:
        return False
