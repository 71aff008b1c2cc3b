"""The mounts asked for: binds (volumes among them), tmpfs, and files made from text (/etc files, secrets, configs)."""

from __future__ import annotations

import errno
import os
import stat

from engine import paths
from engine.kernel import inroot, mount, mountinfo
from engine.runtime import ownership
from engine.runtime.bundle import Bundle, BundleMount
from schemas.errors import InvalidArgument, NotFound, SyscallError
from schemas.specs import FileMount

_TMPFS_KEYS = frozenset({"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "huge", "mpol"})
_PROPAGATION = {
    "": mount.MS_PRIVATE,
    "private": mount.MS_PRIVATE,
    "rprivate": mount.MS_PRIVATE,
    "slave": mount.MS_SLAVE,
    "rslave": mount.MS_SLAVE,
    "shared": mount.MS_SHARED,
    "rshared": mount.MS_SHARED,
}
# Words of a bind mount that say how far it and its read-only reach below the top mount.
_BIND_ATTRIBUTES = {
    "noexec": mount.MOUNT_ATTR_NOEXEC,
    "nosuid": mount.MOUNT_ATTR_NOSUID,
    "nodev": mount.MOUNT_ATTR_NODEV,
}
_REACH = frozenset({"bind", "rbind", "writable"})
# What of /proc may be replaced (runc's list: files that lxcfs provides).
_PROC_REPLACEABLE = frozenset(
    f"/proc/{name}"
    for name in (
        "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo",
        "net/dev", "sys/kernel/ns_last_pid", "sys/crypto/fips_enabled",
    )
)  # fmt: skip


def attach_all(root: int, bundle: Bundle) -> None:
    """Attach the bundle's mounts, a parent before what lies below it, else in the order asked for."""
    mounts = bundle["mounts"]
    for item in sorted(mounts, key=lambda item: os.path.normpath(item["target"]).count("/")):
        _check_target(item["target"])
        if item["kind"] == "bind":
            _bind(root, item, bundle)
        elif item["kind"] == "overlay":
            _overlay(root, item)
        else:
            _tmpfs(root, item)


def attach(root: int, tree: int, target: str, *, is_directory: bool) -> None:
    """Attach the detached mount ``tree`` at ``target`` in the root, and close it."""
    place = -1
    try:
        place = inroot.directory(root, target) if is_directory else inroot.file(root, target)
        _check_place(root, place, target)
        mount.move_mount(tree, "", dirfd=place)
    finally:
        os.close(tree)
        if place >= 0:
            os.close(place)


def attach_files(root: int, bundle: Bundle) -> None:
    """Put texts at their places: /etc files that a container with a writable root may change, secrets and configs."""
    etc, files = bundle["etc"], bundle["files"]
    wanted: list[tuple[FileMount, bytes, bool]] = [(item, _content(item), True) for item in files]
    if etc is not None:
        for target, text in (
            ("/etc/hosts", etc["hosts"]),
            ("/etc/hostname", etc["hostname"]),
            ("/etc/resolv.conf", etc["resolv_conf"]),
        ):
            wanted.append(({"target": target, "mode": 0o644}, text.encode(), bundle["read_only"]))
    taken = {os.path.normpath(item["target"]) for item in bundle["mounts"]}
    wanted = [item for item in wanted if os.path.normpath(item[0]["target"]) not in taken]
    if not wanted:
        return
    stage = f"{paths.runtime_dir(bundle['id'])}/files"
    os.makedirs(stage, exist_ok=True)
    # Room for all of it in whole pages, and for a container that adds a few hosts.
    size = sum(len(content) for _, content, _ in wanted) + 4096 * len(wanted) + 1024 * 1024
    flags = mount.MS_NOSUID | mount.MS_NODEV | mount.MS_NOEXEC
    mount.mount("tmpfs", stage, "tmpfs", flags, f"mode=700,size={size}")
    for index, (item, content, read_only) in enumerate(wanted):
        path = f"{stage}/{index}"
        _write(path, item, content)
        tree = mount.clone_tree(path, recursive=False)
        if read_only:
            mount.mount_setattr("", mount.MOUNT_ATTR_RDONLY, recursive=False, dirfd=tree)
        _check_target(item["target"])
        attach(root, tree, item["target"], is_directory=False)


def _content(item: FileMount) -> bytes:
    if "content" in item:
        return item["content"].encode()
    try:
        with open(item["source"], "rb") as file:
            return file.read()
    except OSError as err:
        raise NotFound(f"{item['source']}: {os.strerror(err.errno or 0)}") from err


def _write(path: str, item: FileMount, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fchown(fd, item.get("uid", 0), item.get("gid", 0))
        os.fchmod(fd, item.get("mode", 0o444))
    finally:
        os.close(fd)


def _bind(root: int, item: BundleMount, bundle: Bundle) -> None:
    source, target = item["source"], item["target"]
    options = set(item.get("options", ()))
    unknown = options - _REACH - _BIND_ATTRIBUTES.keys()
    if unknown:
        raise InvalidArgument(f"mount {target}: unknown option {', '.join(sorted(unknown))}")
    word = item.get("propagation", "")
    if word not in _PROPAGATION:
        raise InvalidArgument(f"mount {target}: unknown propagation {word}")
    propagation = _PROPAGATION[word]
    recursive = "bind" not in options
    tree = _tree(item, recursive=recursive)
    if propagation == mount.MS_SHARED and not mountinfo.covering(source).shared:
        os.close(tree)
        raise InvalidArgument(
            f"mount {target}: propagation {word}: {source} is not on a shared mount of its own"
        )
    attributes = sum(bit for name, bit in _BIND_ATTRIBUTES.items() if name in options)
    deep = recursive and "writable" not in options
    read_only = mount.MOUNT_ATTR_RDONLY if item.get("read_only") else 0
    mount.mount_setattr(
        "", 0, recursive=word.startswith("r") or not word, dirfd=tree, propagation=propagation
    )
    if attributes | read_only:
        mount.mount_setattr("", attributes | read_only, recursive=deep, dirfd=tree)
    if item.get("owner"):
        ownership.settle(root, tree, item, bundle)
    is_directory = stat.S_ISDIR(os.fstat(tree).st_mode)
    try:
        attach(root, tree, target, is_directory=is_directory)
    except SyscallError as err:
        if err.errno != errno.ENOTDIR:
            raise
        have, there = ("directory", "file") if is_directory else ("file", "directory")
        raise InvalidArgument(
            f"mount {target}: {source} is a {have}, but there is a {there} in the image"
        ) from err


def _tree(item: BundleMount, *, recursive: bool) -> int:
    """A detached copy of the mount at the source, or of the part of it that is meant."""
    source, below = item["source"], item.get("below")
    try:
        if not below:
            return mount.clone_tree(source, recursive=recursive)
        with inroot.Root(source) as top:
            fd = inroot.existing(top, below)
            if fd is None:
                raise NotFound(f"mount {item['target']}: {below} is not in the volume any more")
            try:
                return mount.clone_tree(inroot.fd_path(fd), recursive=recursive)
            finally:
                os.close(fd)
    except SyscallError as err:
        if err.errno == errno.ENOENT:
            raise NotFound(f"bind source path does not exist: {source}") from err
        raise


def _overlay(root: int, item: BundleMount) -> None:
    """The content of an image, read-only unless changes have a place to go."""
    place = inroot.directory(root, item["target"])
    try:
        _check_place(root, place, item["target"])
        upper, work = item.get("upper"), item.get("work")
        mount.fsopen_overlay(item["lowers"], upper, work, inroot.fd_path(place))
    finally:
        os.close(place)


def _tmpfs(root: int, item: BundleMount) -> None:
    target = item["target"]
    flags = mount.MS_NOSUID | mount.MS_NODEV | mount.MS_NOEXEC
    data: dict[str, str] = {}
    for option in item.get("options", ()):
        key, _, value = option.partition("=")
        if option in mount.WORDS:
            add, remove = mount.WORDS[option]
            flags = (flags | add) & ~remove
        elif value and key in _TMPFS_KEYS:
            data[key] = value
        else:
            raise InvalidArgument(f"tmpfs {target}: unknown option {option}")
    if item.get("size"):
        data["size"] = str(item["size"])
    if "mode" in item:
        data["mode"] = f"{item['mode']:o}"
    for key, number in (("uid", item.get("uid")), ("gid", item.get("gid"))):
        if number is not None:
            data[key] = str(number)
    if item.get("read_only"):
        flags |= mount.MS_RDONLY
    present = inroot.existing(root, target)
    if present is not None:
        # An existing directory keeps its mode, as with Docker; a new one gets tmpfs' own 1777.
        data.setdefault("mode", f"{os.stat(inroot.fd_path(present)).st_mode & 0o7777:o}")
        os.close(present)
    place = inroot.directory(root, target)
    try:
        _check_place(root, place, target)
        options = ",".join(f"{key}={value}" for key, value in data.items())
        mount.mount("tmpfs", inroot.fd_path(place), "tmpfs", flags, options)
    finally:
        os.close(place)


def _check_target(target: str) -> None:
    path = os.path.normpath(target)
    if not target.startswith("/"):
        raise InvalidArgument(f"mount {target}: the target must be an absolute path")
    _check_path(path, target)


def _check_place(root: int, place: int, target: str) -> None:
    """The same for where the target leads: links of the image may say something else than its name."""
    base, path = (os.readlink(inroot.fd_path(fd)) for fd in (root, place))
    _check_path(path.removeprefix(base.rstrip("/")) or "/", target)


def _check_path(path: str, target: str) -> None:
    if path == "/":
        raise InvalidArgument(f"mount {target}: the root cannot be a mount's target")
    if (path + "/").startswith("/proc/") and path not in _PROC_REPLACEABLE:
        raise InvalidArgument(f"mount {target}: /proc cannot be replaced")
