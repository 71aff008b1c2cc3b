"""The layer store: ``layers/<diff_id hex>/``, complete or not there.

A layer is unpacked into ``tmp/`` and renamed, under a lock of its own, so two commands that bring the same layer do the
work once. Layers are independent of each other; the overlay stacks them.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from engine.erase import erase
from engine.image import digest as digests
from engine.state import locks
from schemas.errors import Failed
from schemas.typed import Protocol

# Held shared by whoever brings content, from the first byte until its rows are committed; exclusively by who sweeps.
STORE_LOCK = "store"


class Reading(Protocol):
    """One reading of a layer's tar. ``file``: the descriptor of a file that holds what ``plain`` has yielded so far, -1 for
    none; ``diff_id``: the digest of all of it. Both are asked for when something has been read."""

    def plain(self) -> Iterator[bytes]: ...
    def file(self) -> int: ...
    def diff_id(self) -> str: ...


class LayerStore:
    """Layers under one root directory."""

    def __init__(self, root: str) -> None:
        self._directory = f"{root}/layers"
        self._temporary = f"{root}/tmp"

    def path(self, diff_id: str) -> str:
        return f"{self._directory}/{digests.hex_part(diff_id)}"

    def has(self, diff_id: str) -> bool:
        return os.path.isdir(self.path(diff_id))

    def add(self, diff_id: str, reading: Reading) -> int:
        """Unpack the tar that is read unless the layer is here; the bytes of its files, -1 when it was. Failed when its
        digest is not ``diff_id``."""
        target = self.path(diff_id)
        with locks.exclusive(f"layer-{digests.hex_part(diff_id)[:2]}"):
            if os.path.isdir(target):
                return -1
            with self._unpacked(reading) as (temporary, size):
                found = reading.diff_id()
                if found != diff_id:
                    raise Failed(f"layer has digest {found}, but the image names {diff_id}")
                os.rename(temporary, target)
            return size

    def add_unknown(self, reading: Reading) -> tuple[str, int]:
        """Unpack a tar whose digest nobody has announced; (diff_id, bytes of its files)."""
        with self._unpacked(reading) as (temporary, size):
            diff_id = reading.diff_id()
            with locks.exclusive(f"layer-{digests.hex_part(diff_id)[:2]}"):
                if not os.path.isdir(self.path(diff_id)):
                    os.rename(temporary, self.path(diff_id))
        return diff_id, size

    @contextmanager
    def _unpacked(self, reading: Reading) -> Iterator[tuple[str, int]]:
        """An unpacked layer under a temporary name, to be renamed; what is not renamed is removed."""
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        os.makedirs(self._temporary, mode=0o700, exist_ok=True)
        temporary = f"{self._temporary}/layer-{os.urandom(8).hex()}"
        os.mkdir(temporary)
        try:
            os.chmod(temporary, 0o755)
            yield temporary, _unpack(reading, temporary)
        finally:
            erase(temporary)

    def remove(self, diff_id: str) -> None:
        """Remove; absent is not an error. The caller holds the store lock exclusively."""
        try:
            doomed = f"{self._temporary}/gone-{os.urandom(8).hex()}"
            os.makedirs(self._temporary, mode=0o700, exist_ok=True)
            # Renamed first: a kill in the middle must not leave half a layer under a valid name.
            os.rename(self.path(diff_id), doomed)
        except FileNotFoundError:
            return
        erase(doomed)

    def diff_ids(self) -> list[str]:
        """Every layer that is here."""
        try:
            return [digests.from_hex(name) for name in os.listdir(self._directory)]
        except FileNotFoundError:
            return []


def _unpack(reading: Reading, directory: str) -> int:
    """Unpack a tar, to its last byte; the bytes of its files. Large ones in a process of their own."""
    from engine.snapshot import aside, layer
    from engine.snapshot.source import ThreadSource

    chunks = reading.plain()
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= aside.WORTHWHILE:
            break
    rest = itertools.chain(held, chunks)
    if size >= aside.WORTHWHILE and aside.is_free():
        return aside.unpack(rest, directory, file=reading.file())
    with ThreadSource(rest) as source:
        found = layer.unpack(source, directory)
        source.drain()
    return found
