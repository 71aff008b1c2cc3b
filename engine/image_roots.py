"""The root of a container that is made from an image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine import images, paths
from engine.erase import erase

if TYPE_CHECKING:
    from engine.runtime.bundle import Root


def root(image_id: str, container_id: str) -> Root:
    """The root of a container: its layers and its own writable directories, made when they are missing."""
    from engine.image import host, skeleton

    found = images.record(image_id)
    own = paths.container_dir(container_id)
    upper, work = f"{own}/upper", f"{own}/work"
    if found.kind == "host":
        lowers = [*found.layers, skeleton.path()]
        usr = [path for layer in found.layers if os.path.isdir(path := f"{layer}/usr")]
        _own_directory(upper, lowers[0])
        _own_directory(f"{own}/usr-upper", "/usr")
        os.makedirs(work, mode=0o700, exist_ok=True)
        os.makedirs(f"{own}/usr-work", mode=0o700, exist_ok=True)
        return {
            "kind": "host",
            "lowers": lowers,
            "upper": upper,
            "work": work,
            "usr_lowers": [*usr, "/usr"],
            "usr_upper": f"{own}/usr-upper",
            "usr_work": f"{own}/usr-work",
            "extra": host.extra_directories(),
        }
    lowers = [*found.layers, mount_points()]
    _own_directory(upper, lowers[0])
    os.makedirs(work, mode=0o700, exist_ok=True)
    return {"kind": "layers", "lowers": lowers, "upper": upper, "work": work}


def _own_directory(path: str, like: str) -> None:
    """The top directory of an overlay shows the attributes of its upper one, so they are taken from below."""
    if os.path.isdir(path):
        return
    os.makedirs(path)
    entry = os.stat(like)
    os.chown(path, entry.st_uid, entry.st_gid)
    os.chmod(path, entry.st_mode & 0o7777)


def host_layers() -> tuple[str, ...]:
    """The directory below all layers of an image that is made on the host's own system."""
    from engine.image import skeleton

    return (skeleton.path(),)


def mount_points() -> str:
    """The layer below every image: what the runtime mounts on, for images that lack it.

    Without it each container makes these in its own layer, and nothing is as dear in a start as files on a disk. It is
    also the one lower directory that overlayfs wants of an image without layers.
    """
    path = f"{paths.root()}/points"
    if os.path.isdir(path):
        return path
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    for directory in ("dev", "etc", "proc", "sys"):
        os.makedirs(f"{temporary}/{directory}", mode=0o755)
    for file in ("hosts", "hostname", "resolv.conf"):
        os.close(os.open(f"{temporary}/etc/{file}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    os.chmod(temporary, 0o755)
    try:
        os.rename(temporary, path)
    except OSError:  # another command was quicker
        erase(temporary)
    return path
