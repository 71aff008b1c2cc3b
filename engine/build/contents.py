"""Digests of what a COPY would copy: kinds, names, modes, owners and bytes, but no times. What a cache key stands on."""

from __future__ import annotations

import hashlib
import stat

from engine.build.facts import Facts
from engine.build.selection import Item, Tree, Want, expand, walk


def digest(tree: Tree, sources: tuple[str, ...], want: Want, *, facts: Facts, owners: bool) -> str:
    """The digest of all that ``sources`` mean, in order. ``owners``: they count (they do not in a context). NotFound."""
    total = hashlib.sha256()
    for source in sources:
        total.update(b"source\0")
        for path in expand(tree, source):
            total.update(f"path\0{path.rpartition('/')[2]}\0".encode(errors="surrogateescape"))
            for item in walk(tree, path, want):
                whole = f"{path}/{item.path}" if item.path else path
                total.update(_line(item, whole, facts, owners=owners))
    return total.hexdigest()


def _line(item: Item, path: str, facts: Facts, *, owners: bool) -> bytes:
    status = item.status
    mode = status.st_mode
    words = [item.path, oct(mode)]
    if owners:
        words.append(f"{status.st_uid}:{status.st_gid}")
    if stat.S_ISREG(mode):
        words += [str(status.st_size), facts.digest(item, path)]
    elif stat.S_ISLNK(mode):
        words.append(item.link())
    elif stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        words.append(str(status.st_rdev))
    return ("\0".join(words) + "\n").encode(errors="surrogateescape")
