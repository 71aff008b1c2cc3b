"""Whom a mount's content belongs to: given to the container's user once, or shown as his while it is somebody else's on disk.

The second is an idmapped mount (mount_setattr(2), Linux 5.12): two ids change places between disk and container, all others
are themselves. What the container's user makes belongs on disk to whoever owns the directory.
"""

from __future__ import annotations

import errno
import os
import signal

from engine.kernel import inroot, mount, namespaces
from engine.runtime import user
from engine.runtime.bundle import Bundle, BundleMount
from schemas.errors import Failed, InvalidArgument, SyscallError

# One less than all ids: the last stands for none.
_ALL = (1 << 32) - 1
_UNMAPPABLE = (errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP)


def settle(root: int, tree: int, item: BundleMount, bundle: Bundle) -> None:
    """Do what the mount's ``owner`` asks for to the detached mount ``tree``. InvalidArgument, Failed."""
    word = bundle["user"] if item["owner"] == "user" else item["owner"]
    identity = user.resolve(word, [], _text(root, "/etc/passwd"), _text(root, "/etc/group"))
    wanted = (identity.uid, identity.gid)
    source = item["source"]
    if "owned" in item:
        _give(source, item["owned"], wanted)
        return
    entry = os.fstat(tree)
    if (entry.st_uid, entry.st_gid) == wanted:
        return
    maps = [exchange(entry.st_uid, wanted[0]), exchange(entry.st_gid, wanted[1])]
    namespace = _namespace(*maps)
    try:
        mount.set_idmap(tree, namespace)
    except SyscallError as err:
        if err.errno not in _UNMAPPABLE:
            raise
        raise InvalidArgument(
            f"mount {item['target']}: the file system of {source} cannot show its files as another owner's",
            hint="ext4, xfs, btrfs and (from Linux 6.3 on) tmpfs can",
        ) from err
    finally:
        os.close(namespace)


def exchange(one: int, other: int) -> str:
    """The id map (user_namespaces(7)) in which two ids have changed places."""
    low, high = min(one, other), max(one, other)
    if low == high:
        return f"0 0 {_ALL}\n"
    parts = [
        (0, 0, low),
        (low, high, 1),
        (low + 1, low + 1, high - low - 1),
        (high, low, 1),
        (high + 1, high + 1, _ALL - high - 1),
    ]
    return "".join(f"{inside} {outside} {count}\n" for inside, outside, count in parts if count)


def _give(source: str, note: str, wanted: tuple[int, int]) -> None:
    """Change the owner of all that is there, unless the note says that this was done; links are not followed."""
    about = "{}:{}".format(*wanted)
    try:
        with open(note) as file:
            if file.read() == about:
                return
    except FileNotFoundError:
        pass
    for _, directories, files, fd in os.fwalk(source):
        for name in (*directories, *files):
            os.chown(name, *wanted, dir_fd=fd, follow_symlinks=False)
    os.chown(source, *wanted)
    with open(f"{note}.new", "w") as file:
        file.write(about)
    os.rename(f"{note}.new", note)


def _namespace(uids: str, gids: str) -> int:
    """A user namespace with these maps: it lives as long as the descriptor, its process does not."""
    ours, theirs = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        try:
            os.close(theirs[1])
            namespaces.unshare(namespaces.CLONE_NEWUSER)
            # The name that the host's /proc, which is still ours, has for us.
            os.write(ours[1], os.readlink("/proc/self").encode())
            os.read(theirs[0], 1)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.close(ours[1])
    try:
        name = os.read(ours[0], 32).decode()
        if not name:
            raise Failed("user namespaces are not to be had on this machine")
        for file, text in (("uid_map", uids), ("gid_map", gids)):
            with open(f"/proc/{name}/{file}", "w") as map:
                map.write(text)
        return os.open(f"/proc/{name}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for fd in (ours[0], *theirs):
            os.close(fd)
        os.waitpid(pid, 0)


def _text(root: int, path: str) -> bytes:
    """A file of the root, wherever its links lead: never outside. b"" for none."""
    fd = inroot.existing(root, path)
    if fd is None:
        return b""
    try:
        with open(inroot.fd_path(fd), "rb") as file:
            return file.read()
    except OSError:
        return b""
    finally:
        os.close(fd)
