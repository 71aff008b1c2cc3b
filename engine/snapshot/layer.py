"""Unpack one layer into a directory of its own, in the form overlayfs stacks (overlayfs.rst, whiteouts).

The layer is unpacked independent of its parents: ``.wh.name`` becomes a 0:0 character device, ``.wh..wh..opq`` the
attribute trusted.overlay.opaque (OCI image spec, layer.md#whiteouts). Nothing is ever written outside the directory:
parents are opened by the kernel with the directory as root (openat2(2), RESOLVE_IN_ROOT), last components are never
followed, and names that climb out are refused.
"""

from __future__ import annotations

import errno
import os
import stat

from engine.kernel import inroot, mount
from engine.snapshot import tarstream
from engine.snapshot.source import Source
from engine.snapshot.tarstream import Entry
from schemas.errors import EngineError, Failed, InvalidArgument, SyscallError

OPAQUE = "trusted.overlay.opaque"
_WHITEOUT = b".wh."
_WHITEOUT_META = b".wh..wh."
_OPAQUE_MARK = b".wh..wh..opq"
# The kernel's own attributes: a layer must not tell overlayfs what to do, nor carry another machine's labels.
_FOREIGN_XATTRS = (b"trusted.overlay.", b"user.overlay.", b"security.selinux")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_HELD_PARENTS = 64
_NODES = {
    tarstream.CHAR: stat.S_IFCHR,
    tarstream.BLOCKDEV: stat.S_IFBLK,
    tarstream.FIFO: stat.S_IFIFO,
}


def unpack(source: Source, directory: str) -> int:
    """Unpack the tar that ``source`` yields into the existing empty ``directory``; the bytes of its files.

    InvalidArgument for an archive that is damaged or tries to break out, Failed when the file system refuses.
    """
    return unpack_with(Unpacker(directory), source)


def unpack_with(unpacker: Unpacker, source: Source) -> int:
    """Unpack with an unpacker made for it, and close it; as ``unpack``."""
    name = b""
    try:
        for entry in tarstream.entries(source):
            name = entry.name
            unpacker.add(entry, source)
        unpacker.finish()
    except SyscallError as err:
        raise Failed(f"unpacking {os.fsdecode(name)}: {os.strerror(err.errno)}") from err
    except OSError as err:
        raise Failed(f"unpacking {os.fsdecode(name)}: {err.strerror}") from err
    finally:
        unpacker.close()
    return unpacker.size


def clean_name(name: bytes) -> bytes:
    """The path inside the layer, "" for its root; InvalidArgument when it climbs out."""
    if b"//" not in name and b"./" not in name and not name.endswith((b"/..", b"/.")):
        plain = name.strip(b"/")
        if plain not in (b".", b".."):
            return plain
    kept: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            if not kept:
                raise InvalidArgument(f"the layer holds a name outside of it: {os.fsdecode(name)}")
            kept.pop()
        elif part not in (b"", b"."):
            kept.append(part)
    return b"/".join(kept)


class Unpacker:
    """The state of one unpacking: open parents, directories whose attributes are set at the end."""

    whiteouts = True  # names that begin with .wh. are marks, not files

    def __init__(self, directory: str) -> None:
        self.size = 0
        self._root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._parents: dict[bytes, int] = {}
        self._directories: dict[bytes, Entry] = {}
        self._whiteouts: set[bytes] = set()
        self._umask = _umask()
        self._makers = {
            tarstream.FILE: self._file,
            tarstream.LINK: self._link,
            tarstream.SYMLINK: self._symlink,
            tarstream.CHAR: self._node,
            tarstream.BLOCKDEV: self._node,
            tarstream.FIFO: self._node,
            tarstream.DIRECTORY: self._directory,
        }

    def close(self) -> None:
        self._forget_parents()
        os.close(self._root)

    def add(self, entry: Entry, source: Source) -> None:
        path = clean_name(entry.name)
        parent_path, _, name = path.rpartition(b"/")
        if self.whiteouts and name.startswith(_WHITEOUT):
            self._whiteout(parent_path, name)
            return
        make = self._makers.get(entry.type)
        if make is None:
            raise InvalidArgument(
                f"the layer holds a member of unknown type {entry.type!r}: {os.fsdecode(entry.name)}"
            )
        if not path:
            if entry.type == tarstream.DIRECTORY:
                self._directories[path] = entry
            return
        parent = self._parent(parent_path)
        try:
            make(entry, source, parent, name, path)
        except FileExistsError:
            self.replace(parent, name, path, entry)
            make(entry, source, parent, name, path)
        if path in self._whiteouts and entry.type == tarstream.DIRECTORY:
            # Removed below and made anew here: nothing of the old one may shine through.
            self._set_opaque(path)

    def finish(self) -> None:
        """Give directories their attributes, deepest first: making their content has changed their times."""
        self._forget_parents()
        for path, entry in sorted(self._directories.items(), reverse=True):
            fd = self._open_directory(path)
            if fd < 0:
                continue
            try:
                os.fchown(fd, entry.uid, entry.gid)
                os.fchmod(fd, entry.mode)
                _set_xattrs(fd, entry)
                os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
            finally:
                os.close(fd)

    def _parent(self, path: bytes) -> int:
        if not path:
            return self._root
        fd = self._parents.get(path)
        if fd is None:
            if len(self._parents) >= _HELD_PARENTS:
                self._forget_parents()
            fd = self._parents[path] = inroot.directory(self._root, os.fsdecode(path))
        return fd

    def _forget_parents(self) -> None:
        for fd in self._parents.values():
            os.close(fd)
        self._parents.clear()

    def replace(self, parent: int, name: bytes, path: bytes, entry: Entry) -> None:
        """Take away what an earlier member put there (a later one of the same name wins)."""
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            from shutil import rmtree

            rmtree(os.fsdecode(name), dir_fd=parent)
        else:
            os.unlink(name, dir_fd=parent)
        below = path + b"/"
        for gone in [item for item in self._directories if item == path or item.startswith(below)]:
            del self._directories[gone]
        # An open parent may have been inside, or behind a link that is gone.
        held, self._parents = self._parents, {}
        for fd in held.values():
            if fd != parent:
                os.close(fd)
        if parent != self._root:
            self._parents[path.rpartition(b"/")[0]] = parent

    def _file(self, entry: Entry, source: Source, parent: int, name: bytes, path: bytes) -> None:
        fd = os.open(name, _NEW, entry.mode & 0o777, dir_fd=parent)
        try:
            if entry.segments is not None:
                self._sparse(entry, source, fd)
            elif entry.stored:
                tarstream.pour(entry, source, fd)
            self.size += entry.size
            if entry.uid or entry.gid:
                os.fchown(fd, entry.uid, entry.gid)
            if entry.mode & (0o7000 | self._umask):
                os.fchmod(fd, entry.mode)
            if entry.xattrs:
                _set_xattrs(fd, entry)
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        finally:
            os.close(fd)

    def _sparse(self, entry: Entry, source: Source, fd: int) -> None:
        for offset, length in entry.segments or ():
            os.lseek(fd, offset, os.SEEK_SET)
            source.pour(length, fd)
            entry.stored -= length
        os.ftruncate(fd, entry.size)

    def _link(self, entry: Entry, source: Source, parent: int, name: bytes, path: bytes) -> None:
        target = clean_name(entry.linkname)
        if not target:
            raise InvalidArgument(f"the layer holds a hard link to its root: {os.fsdecode(path)}")
        directory, _, base = target.rpartition(b"/")
        found = inroot.existing(self._root, os.fsdecode(directory) or "/")
        if found is None:
            raise _no_target(path, target)
        try:
            os.link(base, name, src_dir_fd=found, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            raise _no_target(path, target) from None
        finally:
            os.close(found)

    def _symlink(self, entry: Entry, source: Source, parent: int, name: bytes, path: bytes) -> None:
        os.symlink(entry.linkname, name, dir_fd=parent)
        self._dress(entry, parent, name)

    def _node(self, entry: Entry, source: Source, parent: int, name: bytes, path: bytes) -> None:
        device = os.makedev(entry.major, entry.minor)
        os.mknod(name, _NODES[entry.type] | entry.mode, device, dir_fd=parent)
        self._dress(entry, parent, name)
        os.chmod(f"{inroot.fd_path(parent)}/".encode() + name, entry.mode)

    def _directory(
        self, entry: Entry, source: Source, parent: int, name: bytes, path: bytes
    ) -> None:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise
        self._directories[path] = entry

    def _dress(self, entry: Entry, parent: int, name: bytes) -> None:
        """Owner, attributes and times of what cannot be opened: a link or a device."""
        if entry.uid or entry.gid:
            os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
        if entry.xattrs:
            _set_xattrs(f"{inroot.fd_path(parent)}/".encode() + name, entry)
        times = (entry.mtime_ns, entry.mtime_ns)
        os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)

    def _whiteout(self, parent_path: bytes, name: bytes) -> None:
        if name == _OPAQUE_MARK:
            self._parent(parent_path)
            self._set_opaque(parent_path)
            return
        if name.startswith(_WHITEOUT_META):
            return  # bookkeeping of aufs, which means nothing to others
        hidden = name[len(_WHITEOUT) :]
        if hidden in (b"", b".", b".."):
            raise InvalidArgument(f"the layer holds a whiteout of nothing: {os.fsdecode(name)}")
        path = parent_path + b"/" + hidden if parent_path else hidden
        self._whiteouts.add(path)
        try:
            os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=self._parent(parent_path))
        except FileExistsError:
            # A whiteout hides what is below, never what this layer holds itself.
            self._set_opaque(path)

    def _set_opaque(self, path: bytes) -> None:
        fd = self._open_directory(path)
        if fd >= 0:
            try:
                os.setxattr(fd, OPAQUE, b"y")
            finally:
                os.close(fd)

    def _open_directory(self, path: bytes) -> int:
        """Open for changing attributes; -1 when it is no directory (any more)."""
        if not path:
            return os.dup(self._root)
        try:
            return mount.open_in_root(self._root, os.fsdecode(path), _DIRECTORY)
        except SyscallError as err:
            if err.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return -1
            raise


def _set_xattrs(target: int | bytes, entry: Entry) -> None:
    for name, value in entry.xattrs.items():
        if name.startswith(_FOREIGN_XATTRS):
            continue
        try:
            if isinstance(target, int):
                os.setxattr(target, name, value)
            else:
                os.setxattr(target, name, value, follow_symlinks=False)
        except OSError as err:
            # user.* cannot be on links and devices (xattr(7)), and some file systems have none at all.
            if err.errno not in (errno.ENOTSUP, errno.EPERM) or name.startswith(b"security."):
                raise


def _umask() -> int:
    """The process's umask, read without changing it for other threads (proc(5))."""
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"Umask:"):
                return int(line[6:], 8)
    return 0o777  # older than Linux 4.7: set every mode


def _no_target(path: bytes, target: bytes) -> EngineError:
    return InvalidArgument(
        f"the layer holds a hard link to something missing: {os.fsdecode(path)} -> {os.fsdecode(target)}"
    )
