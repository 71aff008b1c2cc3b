"""/dev of a container: Docker's default nodes, devpts, shm, mqueue, links, and the devices asked for."""

from __future__ import annotations

import os
import stat

from engine import paths
from engine.kernel import inroot, mount, namespaces, pidfd
from engine.runtime.bundle import Bundle
from schemas.errors import Failed, InvalidArgument, NotFound
from schemas.specs import Device
from schemas.typed import NamedTuple

# name → (major, minor), all with mode 0666 (runtime-spec, config-linux.md, "Default Devices").
NODES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
    "core": "/proc/kcore",
}
_FORMATS = {"c": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}
DEFAULT_SHM_SIZE = 64 * 1024 * 1024
_TTY_GROUP = 5
_NOT_COPIED = frozenset({"pts", "shm", "fd", "mqueue", "console", "ptmx", "hugepages"})
_SAFE = mount.MS_NOSUID | mount.MS_NODEV | mount.MS_NOEXEC


class Node(NamedTuple):
    mode: int  # with the file's type
    number: int
    uid: int
    gid: int


def populate(root: int, bundle: Bundle) -> None:
    """Mount and fill /dev below the open root."""
    dev = inroot.directory(root, "/dev")
    flags = mount.MS_NOSUID | mount.MS_STRICTATIME
    mount.mount("tmpfs", inroot.fd_path(dev), "tmpfs", flags, "mode=755,size=65536k")
    os.close(dev)
    dev = inroot.directory(root, "/dev")  # the new mount's own root
    try:
        _nodes(dev)
        _mount_at(dev, "pts", "devpts", mount.MS_NOSUID | mount.MS_NOEXEC, _devpts_options())
        _ipc(root, dev, bundle)
        for name, target in LINKS.items():
            if name != "core" or os.path.exists(target):  # a kernel may have no /proc/kcore
                os.symlink(target, name, dir_fd=dev)
        if bundle["privileged"]:
            _copy_tree("/dev", dev)
        for device in bundle["devices"]:
            _device(root, device)
    finally:
        os.close(dev)


def is_null(found: os.stat_result) -> bool:
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == os.makedev(*NODES["null"])


def null_tree(root: int) -> int:
    """The null device as a detached mount, its attributes read-only: whoever changed them would change the device's own.

    It is the container's, unless a mount asked for has taken its place.
    """
    fd = inroot.existing(root, "/dev/null")
    try:
        own = fd is not None and is_null(os.stat(fd))
        tree = mount.clone_tree(inroot.fd_path(fd) if own and fd else os.devnull, recursive=False)
    finally:
        if fd is not None:
            os.close(fd)
    mount.mount_setattr("", mount.MOUNT_ATTR_RDONLY, recursive=False, dirfd=tree)
    return tree


def mount_console(slave_path: str) -> None:
    """Make the terminal at ``slave_path`` the container's /dev/console; called inside the container's root."""
    os.close(os.open("/dev/console", os.O_RDWR | os.O_CREAT | os.O_NOCTTY | os.O_CLOEXEC, 0o620))
    mount.mount(slave_path, "/dev/console", "", mount.MS_BIND)


def _devpts_options() -> str:
    return f"newinstance,ptmxmode=0666,mode=0620,gid={_TTY_GROUP}"


def _nodes(dev: int) -> None:
    mask = os.umask(0)
    for name, (major, minor) in NODES.items():
        os.mknod(name, stat.S_IFCHR | 0o666, os.makedev(major, minor), dir_fd=dev)
    os.umask(mask)


def _mount_at(dev: int, name: str, fstype: str, flags: int, data: str) -> None:
    os.mkdir(name, 0o755, dir_fd=dev)
    mount.mount(fstype, f"{inroot.fd_path(dev)}/{name}", fstype, flags, data)


def _ipc(root: int, dev: int, bundle: Bundle) -> None:
    """/dev/shm and /dev/mqueue: of one's own, the host's, or of the container whose ipc namespace is shared."""
    mode = bundle["namespaces"]["ipc"]
    taken = {os.path.normpath(item["target"]) for item in bundle["mounts"]}
    own_shm = "/dev/shm" not in taken and bundle["shm_size"] is not None
    if mode == "host" or mode.startswith("container:"):
        _mount_at(dev, "mqueue", "mqueue", _SAFE, "")
        os.mkdir("shm", 0o1777, dir_fd=dev)
        if own_shm:
            tree = _shared_shm(mode)
            target = inroot.directory(root, "/dev/shm")
            mount.move_mount(tree, "", dirfd=target)
            os.close(tree)
            os.close(target)
        return
    _mount_at(dev, "mqueue", "mqueue", _SAFE, "")
    if own_shm:
        size = bundle["shm_size"] or DEFAULT_SHM_SIZE
        _mount_at(dev, "shm", "tmpfs", _SAFE, f"mode=1777,size={size}")
    else:
        os.mkdir("shm", 0o1777, dir_fd=dev)


def _shared_shm(mode: str) -> int:
    if mode == "host":
        return mount.clone_tree("/dev/shm", recursive=False)
    import json

    other = mode.partition(":")[2]
    try:
        with open(f"{paths.runtime_dir(other)}/state.json") as file:
            state = json.load(file)
    except FileNotFoundError:
        raise NotFound(f"ipc: container {other[:12]} is not running") from None
    if not pidfd.alive(state["pid"], state["start_time"]):
        raise NotFound(f"ipc: container {other[:12]} is not running")
    fd = os.open(f"/proc/{state['pid']}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        # A mount can only be copied from inside the namespace it is attached in; the copy belongs to none.
        with namespaces.in_namespace(fd, namespaces.CLONE_NEWNS):
            return mount.clone_tree("/dev/shm", recursive=False)
    finally:
        os.close(fd)


def _device(root: int, device: Device) -> None:
    """Make the node ``target`` the same device as the host's ``source``, or as described; a directory with all it holds."""
    source, target = device["source"], device["target"]
    if "kind" in device and "major" in device:
        number = os.makedev(device["major"], device.get("minor", 0))
        mode = _FORMATS[device["kind"]] | device.get("mode", 0o666)
        _node_at(root, target, Node(mode, number, device.get("uid", 0), device.get("gid", 0)))
        return
    try:
        found = os.stat(source)
    except OSError as err:
        raise Failed(f"device {source}: {os.strerror(err.errno or 0)}") from err
    if stat.S_ISDIR(found.st_mode):
        place = inroot.directory(root, target)
        copied = _copy_tree(source, place)
        os.close(place)
        if not copied:
            raise InvalidArgument(f"device {source}: no device in this directory")
        return
    if not (stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)):
        raise InvalidArgument(f"device {source}: not a device")
    mode = stat.S_IFMT(found.st_mode) | device.get("mode", stat.S_IMODE(found.st_mode))
    uid, gid = device.get("uid", found.st_uid), device.get("gid", found.st_gid)
    _node_at(root, target, Node(mode, found.st_rdev, uid, gid))


def _node_at(root: int, target: str, like: Node) -> None:
    parent, name = os.path.split(target.rstrip("/"))
    place = inroot.directory(root, parent)
    try:
        _node(place, name, like)
    finally:
        os.close(place)


def _copy_tree(source: str, directory: int) -> int:
    """Make nodes for all devices below ``source``; tells how many."""
    made = 0
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.name in _NOT_COPIED:
                continue
            if entry.is_dir(follow_symlinks=False):
                try:
                    os.mkdir(entry.name, 0o755, dir_fd=directory)
                except FileExistsError:
                    pass
                flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                below = os.open(entry.name, flags, dir_fd=directory)
                made += _copy_tree(entry.path, below)
                os.close(below)
                continue
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
                like = Node(found.st_mode, found.st_rdev, found.st_uid, found.st_gid)
                _node(directory, entry.name, like)
                made += 1
    return made


def _node(directory: int, name: str, like: Node) -> None:
    mask = os.umask(0)
    try:
        os.mknod(name, like.mode, like.number, dir_fd=directory)
    except FileExistsError:
        present = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if present.st_rdev == like.number:
            return
        os.unlink(name, dir_fd=directory)
        os.mknod(name, like.mode, like.number, dir_fd=directory)
    finally:
        os.umask(mask)
    os.chown(name, like.uid, like.gid, dir_fd=directory, follow_symlinks=False)
