"""Volumes on this host: directories ``volumes/<name>/_data``, and the mounts a container gets at its start."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine import paths
from engine.erase import erase
from engine.state import locks, volume_uses
from engine.state import volumes as rows
from engine.volume import mounts
from schemas.errors import InvalidArgument, NotFound
from schemas.specs import ContainerSpec, Mount

if TYPE_CHECKING:
    from engine.runtime.bundle import BundleMount
    from engine.volume.options import Source


def directory(name: str) -> str:
    return f"{paths.root()}/volumes/{name}"


def data(name: str) -> str:
    """Where a volume's content is on the host (unless its options bind another directory)."""
    return f"{directory(name)}/_data"


def ensure(name: str) -> str:
    """The content directory of a volume, made when it is missing."""
    path = data(name)
    if not os.path.isdir(path):
        store = f"{paths.root()}/volumes"
        os.makedirs(store, mode=0o711, exist_ok=True)
        os.makedirs(directory(name), mode=0o711, exist_ok=True)
        try:
            os.mkdir(path)
        except FileExistsError:
            return path
        os.chmod(path, 0o755)
    return path


def discard(name: str) -> str:
    """Take a volume's directory out of its place at once; the path to ``erase`` afterwards, "" when there was none.

    Failed when what is mounted there cannot be unmounted.
    """
    temporary = f"{paths.root()}/tmp"
    os.makedirs(temporary, mode=0o700, exist_ok=True)
    doomed = f"{temporary}/volume-{os.urandom(8).hex()}"
    # What is mounted there is not ours to erase.
    _unmount(name)
    try:
        os.rename(directory(name), doomed)
    except FileNotFoundError:
        return ""
    return doomed


def remove(name: str) -> None:
    """Remove a volume's content; absent is not an error. Its row is gone by now."""
    doomed = discard(name)
    if doomed:
        erase(doomed)


def prepare_mounts(container_id: str, spec: ContainerSpec, layers: list[str]) -> list[BundleMount]:
    """Every mount of the container as the host sees it; volumes are made and filled, binds are checked.

    ``layers`` are those of the container's image, top first. New volumes are filled at the first start only: whoever
    empties one later wants it empty.
    """
    wanted = spec.get("mounts") or []
    done = f"{paths.container_dir(container_id)}/populated"
    fresh = any(mount["type"] == "volume" for mount in wanted) and not os.path.exists(done)
    found = [_prepare(mount, layers if fresh else None) for mount in wanted]
    if fresh:
        os.close(os.open(done, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return found


def _prepare(mount: Mount, layers: list[str] | None) -> BundleMount:
    if mount["type"] == "bind":
        return mounts.bind(mount)
    if mount["type"] == "tmpfs":
        return mounts.tmpfs(mount)
    if mount["type"] == "image":
        return _image(mount)
    return _volume(mount, layers)


def _volume(mount: Mount, layers: list[str] | None) -> BundleMount:
    name = mount["source"]
    source, propagation = ensure(name), ""
    words: tuple[str, ...] = ()
    asked = _options(name)
    read_only = asked is not None and asked.read_only
    if asked is not None and asked.bind:
        source, words, propagation = asked.device, asked.words, asked.propagation
        if not os.path.exists(source):
            raise InvalidArgument(
                f'volume "{name}": failed to mount local volume: mount {source}: no such file or directory'
            )
    elif asked is not None:
        from engine.volume import filesystem

        with locks.exclusive(_lock(name)):
            filesystem.ensure(name, asked, source)
    if layers is not None and not (read_only or mount.get("nocopy") or mount.get("subpath")):
        from engine.volume.populate import populate

        populate(source, f"{directory(name)}/populating", _lock(name), layers, mount["target"])
    found = mounts.volume(mount, source, words, propagation)
    if mount.get("owner"):
        found["owner"] = mount["owner"]
        if asked is None:
            found["owned"] = f"{directory(name)}/owned"
    return found


def _options(name: str) -> Source | None:
    """What the volume's driver options say; None when there are none. NotFound."""
    row = rows.get(name)
    if row is None:
        raise NotFound(f"get {name}: no such volume")
    if not row.options:
        return None
    from engine.volume import options

    return options.parse(row.options)


def release(names: Iterable[str]) -> None:
    """Unmount the file systems of volumes that no container has any more."""
    for name in names:
        if os.path.ismount(data(name)):
            with locks.exclusive(_lock(name)):
                if not volume_uses.users(name):
                    _unmount(name)


def _unmount(name: str) -> None:
    """Unmount what is mounted for a volume; nothing is no error. Failed while something uses it."""
    if os.path.ismount(data(name)):
        from engine.volume import filesystem

        filesystem.release(name, data(name))


def _image(mount: Mount) -> BundleMount:
    from engine import images

    reference = mount.get("source") or ""
    image = images.resolve(reference)
    if image is None:
        raise NotFound(f"No such image: {reference}")
    return mounts.image(mount, images.layers(image.id))


def _lock(name: str) -> str:
    """One of 64 locks: lock files stay for ever, so there is not one for each volume."""
    import zlib

    return f"volume-{zlib.crc32(name.encode()) & 63}"
