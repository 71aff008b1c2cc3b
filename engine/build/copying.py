"""Copy files into a stage's tree, as BuildKit's COPY does: merged into directories that are there, links kept as links.

Works on descriptors only: the target's root may hold links to anywhere, but nothing is written outside of it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from engine.build.modes import Change
from engine.build.selection import Item, Tree, Want, is_directory, walk
from engine.kernel import inroot, mount
from schemas.errors import Conflict, SyscallError
from schemas.typed import NamedTuple

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 30
_LINKS = 40  # that follow one another (path_resolution(7))
_FOREIGN = ("trusted.overlay.", "user.overlay.", "security.selinux")


class Dress(NamedTuple):
    """What copied files look like. ``owner`` None keeps theirs; ``time`` None keeps theirs."""

    owner: tuple[int, int] | None = None
    mode: Change | None = None
    time: int | None = None  # ns


class Target:
    """The tree that is copied into; ``close`` sets the times of directories, which copying has changed."""

    def __init__(self, root: int, dress: Dress) -> None:
        self.root = root
        self._dress = dress
        self._seen: dict[tuple[int, int], tuple[int, str]] = {}

    def copy(self, tree: Tree, source: str, target: str, want: Want) -> None:
        """Copy the source ``path`` of ``tree`` to ``target``: into it when it is, or is to be, a directory and the source
        is a file; Conflict when a file stands where a directory must be, or the other way round."""
        self._seen.clear()
        items = walk(tree, source, want)
        first = next(items, None)
        if first is None:
            return  # left out by a pattern
        try:
            if stat.S_ISDIR(first.status.st_mode):
                self._tree(first, items, target)
                return
            directory, name = self.place(target, os.path.basename(source))
            try:
                self.file(first, directory, name)
            finally:
                os.close(directory)
        finally:
            items.close()
            for fd, _ in self._seen.values():
                os.close(fd)
            self._seen.clear()

    def place(self, target: str, name: str) -> tuple[int, str]:
        """Where a file goes: (open directory, name). With a slash at its end, or where a directory is, it keeps its name."""
        if target.endswith("/") or is_directory(self.root, target):
            return self.directory(target), name
        # A link at the very end is followed, too, wherever it leads; one below a directory makes room.
        for _ in range(_LINKS):
            parent, _, last = target.rpartition("/")
            directory = self.directory(parent or "/")
            try:
                link = os.readlink(last, dir_fd=directory)
            except OSError:
                return directory, last
            os.close(directory)
            target = os.path.normpath(os.path.join(parent or "/", link))
        raise Conflict(f"cannot copy to {target}: {os.strerror(errno.ELOOP)}")

    def directory(self, path: str) -> int:
        """Open the directory ``path``, made with its parents when missing, for what is below."""
        try:
            return mount.open_in_root(self.root, path or "/", os.O_RDONLY | os.O_DIRECTORY)
        except SyscallError as err:
            if err.errno == errno.ENOTDIR:
                raise Conflict(f"cannot copy to non-directory: {path}") from err
            if err.errno != errno.ENOENT:
                raise
        path = path.rstrip("/")
        parent_path, _, name = path.rpartition("/")
        parent = self.directory(parent_path or "/")
        try:
            os.mkdir(name, 0o755, dir_fd=parent)
            fd = os.open(name, _DIRECTORY, dir_fd=parent)
            if self._dress.owner is not None:
                os.fchown(fd, *self._dress.owner)
            os.fchmod(fd, 0o755)
            self._time(fd, None)
        except FileExistsError:
            # A link that leads nowhere yet: make what it means.
            link = os.readlink(name, dir_fd=parent)
            return self.directory(os.path.join(parent_path or "/", link))
        finally:
            os.close(parent)
        return fd

    def _tree(self, first: Item, items: object, target: str) -> None:
        """The content of a directory goes into ``target``, which keeps its own attributes: they are not copied."""
        root = self.directory(target)
        stack: list[tuple[str, int, os.stat_result]] = [("", root, first.status)]
        dressed: list[bool] = [False]
        try:
            for item in items:  # type: ignore[attr-defined]
                parent, _, name = item.path.rpartition("/")
                while stack[-1][0] != parent:
                    self._leave(stack.pop(), dress=dressed.pop())
                if stat.S_ISDIR(item.status.st_mode):
                    fd = self._enter(item, stack[-1][1], name)
                    stack.append((item.path, fd, item.status))
                    dressed.append(True)
                else:
                    self.file(item, stack[-1][1], name)
        finally:
            while stack:
                self._leave(stack.pop(), dress=dressed.pop())

    def _enter(self, item: Item, parent: int, name: str) -> int:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                raise Conflict(f"cannot copy to non-directory: {item.path}") from None
        fd = os.open(name, _DIRECTORY, dir_fd=parent)
        _copy_xattrs(item.place(), inroot.fd_path(fd))
        return fd

    def _leave(self, level: tuple[str, int, os.stat_result], *, dress: bool) -> None:
        """Give a directory its attributes, now that nothing more is put into it."""
        _, fd, status = level
        try:
            if dress:
                os.fchown(fd, *self._owner(status))
                os.fchmod(fd, self._mode(status))
                self._time(fd, status)
        finally:
            os.close(fd)

    def file(self, item: Item, directory: int, name: str) -> None:
        """Copy one file that is no directory to ``name``; what is there makes room, unless it is a directory."""
        _make_room(directory, name)
        status = item.status
        identity = (status.st_dev, status.st_ino)
        if status.st_nlink > 1 and identity in self._seen:
            fd, first = self._seen[identity]
            os.link(first, name, src_dir_fd=fd, dst_dir_fd=directory, follow_symlinks=False)
            return
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFREG:
            self._regular(item, directory, name)
        elif kind == stat.S_IFLNK:
            os.symlink(item.link(), name, dir_fd=directory)
        elif kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO):
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=directory)
            os.chmod(f"{inroot.fd_path(directory)}/{name}", self._mode(status))
        else:
            return  # a socket means nothing without its program
        if kind != stat.S_IFREG:
            owner = self._owner(status)
            os.chown(name, *owner, dir_fd=directory, follow_symlinks=False)
            time = self._dress.time if self._dress.time is not None else status.st_mtime_ns
            os.utime(name, ns=(time, time), dir_fd=directory, follow_symlinks=False)
        if status.st_nlink > 1:
            self._seen[identity] = (os.dup(directory), name)

    def _regular(self, item: Item, directory: int, name: str) -> None:
        source = item.open()
        try:
            fd = os.open(name, _NEW, 0o600, dir_fd=directory)
            try:
                _copy_bytes(source, fd)
                os.fchown(fd, *self._owner(item.status))
                _copy_xattrs(inroot.fd_path(source), inroot.fd_path(fd))
                os.fchmod(fd, self._mode(item.status))
                self._time(fd, item.status)
            finally:
                os.close(fd)
        finally:
            os.close(source)

    def add_file(self, directory: int, stored: str, name: str, target: str) -> None:
        """One file of an open directory, called ``name``."""
        status = os.stat(stored, dir_fd=directory)
        place, last = self.place(target, name)
        try:
            self.file(Item("", directory, stored, status), place, last)
        finally:
            os.close(place)

    def write(self, name: str, target: str, content: bytes) -> None:
        """A here-document as a file."""
        directory, last = self.place(target, name)
        try:
            _make_room(directory, last)
            fd = os.open(last, _NEW, 0o644, dir_fd=directory)
            try:
                view = memoryview(content)
                while view:
                    view = view[os.write(fd, view) :]
                if self._dress.owner is not None:
                    os.fchown(fd, *self._dress.owner)
                mode = self._dress.mode
                os.fchmod(fd, mode.apply(stat.S_IFREG | 0o644) if mode else 0o644)
                self._time(fd, None)
            finally:
                os.close(fd)
        finally:
            os.close(directory)

    def _owner(self, status: os.stat_result) -> tuple[int, int]:
        return self._dress.owner or (status.st_uid, status.st_gid)

    def _mode(self, status: os.stat_result) -> int:
        if self._dress.mode is not None:
            return self._dress.mode.apply(status.st_mode)
        return status.st_mode & 0o7777

    def _time(self, fd: int, status: os.stat_result | None) -> None:
        time = self._dress.time
        if time is None and status is not None:
            time = status.st_mtime_ns
        if time is not None:
            os.utime(fd, ns=(time, time))


def _make_room(directory: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        raise Conflict(f"cannot replace directory {name} with a file") from None


def _copy_bytes(source: int, target: int) -> None:
    while True:
        try:
            copied = os.copy_file_range(source, target, _CHUNK)
        except OSError as err:
            if err.errno not in (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            break
        if copied == 0:
            return
    while data := os.read(source, 1 << 20):
        view = memoryview(data)
        while view:
            view = view[os.write(target, view) :]


def _copy_xattrs(source: str, target: str) -> None:
    try:
        names = os.listxattr(source)
    except OSError:
        return
    for name in names:
        if name.startswith(_FOREIGN):
            continue
        try:
            os.setxattr(target, name, os.getxattr(source, name))
        except OSError as err:
            if err.errno not in (errno.ENOTSUP, errno.EPERM):
                raise


def owner(
    text: str, passwd: bytes, group: bytes, say: Callable[[str], None]
) -> tuple[int, int] | None:
    """(uid, gid) that ``--chown`` means in a tree with these accounts; None for "". What is unknown there means root, as
    BuildKit takes it, but that is said."""
    if not text:
        return None
    user, colon, group_name = text.partition(":")
    if user.isdecimal():
        uid = gid = int(user)
    else:
        uid, gid = next(
            ((int(row[2]), int(row[3])) for row in _rows(passwd, 4) if row[0] == user), (0, 0)
        )
        if not any(row[0] == user for row in _rows(passwd, 4)):
            say(f"--chown={text}: no user {user} in the image's /etc/passwd, root is taken")
    if not colon:
        return uid, gid
    if group_name.isdecimal():
        return uid, int(group_name)
    for row in _rows(group, 3):
        if row[0] == group_name:
            return uid, int(row[2])
    say(f"--chown={text}: no group {group_name} in the image's /etc/group, {gid} is taken")
    return uid, gid


def _rows(text: bytes, columns: int) -> list[list[str]]:
    rows = [line.split(":") for line in text.decode("utf-8", "replace").splitlines()]
    return [row for row in rows if len(row) >= columns and row[2].isdecimal()]
