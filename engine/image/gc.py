"""Take away what nothing refers to: layers, blobs, old skeletons, and temporary files of killed commands.

Runs under the store lock held exclusively; whoever brings something holds it shared from the first byte until the rows
are committed, so what has no row then is nobody's.
"""

from __future__ import annotations

import os

from engine import paths
from engine.erase import erase
from engine.image.blobs import BlobStore
from engine.snapshot.store import STORE_LOCK, LayerStore
from engine.state import boot, db, locks, reserve
from engine.state import images as rows


def collect() -> list[str]:
    """Remove everything unreferenced; the diff ids of the layers that went.

    Whoever brings something now is not waited for, it may take an hour: then this is left to a later command.
    """
    with locks.attempt(STORE_LOCK) as held:
        if held:
            return _collect()
    _touch(f"{paths.root()}/gc-due")
    return []


def sweep() -> None:
    """Remove what killed commands left, and what could not be removed before. Cheap when there is nothing to do.

    Layers without a row are kept for the next pull, but not over a reboot: then they may not have reached the disk.
    """
    from engine.image import proof

    root = paths.root()
    first = _is_first_of_boot(root)
    if first and proof.doubtful():
        # Nothing may be run on what has not been looked at, so this is waited for.
        with locks.exclusive(STORE_LOCK):
            _collect()
        return
    proof.settle()
    due = first or os.path.exists(f"{root}/gc-due")
    if not due and not _names(f"{root}/tmp"):
        return
    with locks.attempt(STORE_LOCK) as held:
        if not held:
            return
        if due:
            _collect()
        else:
            _sweep_temporary(f"{root}/tmp")


def _collect() -> list[str]:
    root = paths.root()
    layers, blobs = LayerStore(root), BlobStore(root)
    if _is_first_of_boot(root):
        from engine.image import proof

        proof.verify()
    # First: who finds the lock taken from now on has it done later.
    erase(f"{root}/gc-due")
    with db.transaction() as database:
        gone = rows.sweep_layers(database)
        wanted_layers, wanted_blobs = rows.known_layers(database)
    for diff_id in layers.diff_ids():
        if diff_id not in wanted_layers:
            layers.remove(diff_id)
    for digest in blobs.digests():
        if digest not in wanted_blobs:
            blobs.remove(digest)
    _sweep_temporary(f"{root}/tmp")
    _sweep_skeletons()
    _sweep_builds()
    reserve.renew()
    _note_boot(root)
    return [row.diff_id for row in gone]


def _is_first_of_boot(root: str) -> bool:
    """Whether nothing has been swept since the machine was started."""
    if not _names(f"{root}/layers") and not _names(f"{root}/blobs/sha256"):
        return False
    try:
        with open(f"{root}/boot") as file:
            return file.read() != boot.id()
    except FileNotFoundError:
        return True


def _note_boot(root: str) -> None:
    temporary = f"{root}/boot.{os.urandom(4).hex()}"
    with open(temporary, "w") as file:
        file.write(boot.id())
    os.rename(temporary, f"{root}/boot")


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def _sweep_temporary(directory: str) -> None:
    for name in _names(directory):
        erase(f"{directory}/{name}")


def _sweep_skeletons() -> None:
    """Remove skeletons of the host's past, except those under a container that runs."""
    from engine.image import skeleton

    names = _names(skeleton.directory())
    current = os.path.basename(skeleton.current())
    in_use = _bundles() if len(names) > 1 else b""
    for name in names:
        if name != current and name.encode() not in in_use:
            erase(f"{skeleton.directory()}/{name}")


def _sweep_builds() -> None:
    """Remove what builds made and neither an image nor their cache knows any more."""
    from engine.build import pruning

    pruning.sweep()


def _bundles() -> bytes:
    """The bundles of all running containers, as one text to search in."""
    found = []
    containers = f"{paths.run()}/containers"
    for name in _names(containers):
        try:
            with open(f"{containers}/{name}/bundle.json", "rb") as file:
                found.append(file.read())
        except OSError:
            continue
    return b"\n".join(found)
