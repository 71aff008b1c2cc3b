"""What builds keep, as records; and taking it away again.

A build finds a step's outcome first and uses it much later, so nothing is removed while one runs: builds share the store's
lock, and who prunes holds it alone.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator

from engine import paths
from engine.build import store
from engine.erase import erase
from engine.sizes import tree_size
from engine.snapshot.store import STORE_LOCK
from engine.state import locks
from schemas.usage import CachePruned, CacheRecord

_PATIENCE = 2.0  # seconds that a command which brings something small is waited for
# Directories whose entries are each one record; their names end in nothing or in ".lock", which is no record.
_KINDS = {"mounts": "exec.cachemount", "git": "source.git", "downloads": "source.http"}


def records() -> list[CacheRecord]:
    """Every part of the cache, the one used last first."""
    found = [*_snapshots(), *(record for kind in _KINDS for record in _directories(kind))]
    return sorted(found, key=lambda record: (-record.used, record.id))


def prune(*, everything: bool = False, until: float = 0.0, keep: int = 0) -> CachePruned:
    """Remove records: those that are not layers of images too, with ``everything`` those as well (an image keeps what it needs
    of them). ``until``: only those not used since; ``keep``: the newest ones up to so many bytes stay."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        with locks.attempt(STORE_LOCK) as held:
            if held:
                return _prune(everything=everything, until=until, keep=keep)
        if time.monotonic() >= deadline:
            return CachePruned([], 0, busy=True)
        time.sleep(0.05)


def sweep() -> None:
    """Remove snapshots to which no entry and no layer leads, and downloads that others have replaced. The caller holds the
    store's lock alone."""
    if _names(f"{store.root()}/downloads"):
        from engine.build import fetching

        fetching.sweep()
    snapshots = f"{store.root()}/snapshots"
    names = set(_names(snapshots))
    if not names:
        return
    for _, entry, _ in store.entries():
        names.difference_update(entry.chain)
    names -= _layers()
    for name in names:
        _remove(f"{snapshots}/{name}")


def forget_since(moment: float, until: float) -> None:
    """Forget what was made after ``moment`` and before ``until``: it may be half written. The caller holds the store's lock
    alone, and sweeps afterwards."""
    for key, entry, _ in list(store.entries()):
        try:
            made = max(os.stat(os.path.dirname(store.path(id))).st_ctime for id in entry.chain)
        except (FileNotFoundError, ValueError):
            continue
        if moment <= made < until:
            erase(f"{store.root()}/keys/{key}")


def _prune(*, everything: bool, until: float, keep: int) -> CachePruned:
    going: list[CacheRecord] = []
    kept = 0
    for record in records():
        kept += record.size
        stays = (record.shared and not everything) or (until and record.used >= until)
        if not stays and (not keep or kept > keep):
            kept -= record.size
            going.append(record)
    _forget({record.id for record in going if record.kind == "regular"})
    for record in going:
        for directory, kind in _KINDS.items():
            if record.kind == kind:
                _remove(f"{store.root()}/{directory}/{record.id}")
                erase(f"{store.root()}/{directory}/{record.id}.lock")
    sweep()
    there = {record.id for record in records()}
    gone = [record for record in going if record.id not in there]
    return CachePruned(
        [record.id for record in gone], sum(record.size for record in gone if not record.shared)
    )


def _forget(snapshots: set[str]) -> None:
    """Remove the entries that lead to ``snapshots``, unless another one that stays is built on them."""
    entries = list(store.entries())
    needed = {
        snapshot
        for _, entry, _ in entries
        if entry.chain and entry.chain[0] not in snapshots
        for snapshot in entry.chain
    }
    for key, entry, _ in entries:
        if entry.chain and entry.chain[0] in snapshots - needed:
            erase(f"{store.root()}/keys/{key}")


def _snapshots() -> Iterator[CacheRecord]:
    layers = _layers()
    found: dict[str, CacheRecord] = {}
    for key, entry, used in store.entries():
        if not entry.chain:
            continue
        id = entry.chain[0]
        uses = store.uses(key)
        known = found.get(id)
        if known is not None:
            found[id] = known._replace(used=max(known.used, used), uses=max(known.uses, uses))
            continue
        found[id] = CacheRecord(
            id=id,
            kind="regular",
            size=tree_size(store.path(id)),
            created=entry.times[-1] if entry.times else used,
            used=used,
            uses=uses,
            in_use=False,
            shared=id in layers,
            description=entry.title,
            parent=entry.chain[1] if len(entry.chain) > 1 else "",
        )
    yield from found.values()


def _directories(kind: str) -> Iterator[CacheRecord]:
    base = f"{store.root()}/{kind}"
    for name in _names(base):
        path = f"{base}/{name}"
        try:
            status = os.stat(path)
        except FileNotFoundError:
            continue  # a temporary one, or somebody prunes
        if name.endswith(".lock") or not stat.S_ISDIR(status.st_mode):
            continue
        used = status.st_mtime
        try:
            used = max(used, os.stat(f"{path}.lock").st_mtime)
        except FileNotFoundError:
            pass
        yield CacheRecord(
            id=name,
            kind=_KINDS[kind],
            size=tree_size(path),
            created=status.st_ctime,
            used=used,
            uses=1,
            in_use=False,
            shared=False,
        )


def _layers() -> set[str]:
    """The snapshots that are layers of images: the layer store has links to them."""
    base = f"{paths.root()}/layers"
    found = set()
    for name in _names(base):
        try:
            target = os.readlink(f"{base}/{name}")
        except OSError:
            continue  # a layer that was not built here
        found.add(os.path.basename(os.path.dirname(target)))
    return found


def _remove(path: str) -> None:
    """Rename first: a kill in the middle must not leave half of it under a valid name."""
    doomed = f"{paths.root()}/tmp/gone-{os.urandom(8).hex()}"
    os.makedirs(os.path.dirname(doomed), mode=0o700, exist_ok=True)
    try:
        os.rename(path, doomed)
    except FileNotFoundError:
        return
    erase(doomed)


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []
