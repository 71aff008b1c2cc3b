"""Which files the sources of a COPY mean, as a walk over open directories: nothing outside of the root is ever looked at."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections.abc import Callable, Generator, Iterator

from engine.build.patterns import Matcher, Parents, component, has_wildcards, unescaped
from engine.kernel import inroot, mount
from schemas.errors import NotFound, SyscallError
from schemas.typed import NamedTuple

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class Item(NamedTuple):
    """A file of the walk: its path below the source ("" for the source itself), where it is, what it is."""

    path: str
    directory: int  # open
    name: str  # in that directory; "." for the directory itself
    status: os.stat_result

    def open(self) -> int:
        """The regular file, to be read."""
        return os.open(self.name, _READ, dir_fd=self.directory)

    def link(self) -> str:
        return os.readlink(self.name, dir_fd=self.directory)

    def place(self) -> str:
        """A path that leads to it, for what takes no descriptor."""
        return f"{inroot.fd_path(self.directory)}/{self.name}"


class Tree(NamedTuple):
    """The root of an origin, and what of it does not exist for us."""

    root: int
    ignored: Matcher


class Want(NamedTuple):
    """What of a source is wanted."""

    exclude: Matcher
    parents: Parents | None = None


def expand(tree: Tree, source: str) -> list[str]:
    """The paths that ``source`` means, in order: one, or those that a pattern matches. NotFound for a name that is none."""
    path = posixpath.normpath("/" + source.lstrip("/")).lstrip("/")
    if not has_wildcards(path):
        path = unescaped(path)
        fd = inroot.existing(tree.root, path or "/")
        if fd is None or (path and _hidden(tree, path)):
            if fd is not None:
                os.close(fd)
            raise NotFound(f'"/{path}": not found')
        os.close(fd)
        return [path]
    parts = path.split("/")
    fixed = next(index for index, part in enumerate(parts) if has_wildcards(part))
    base = unescaped("/".join(parts[:fixed]))
    found = inroot.existing(tree.root, base or "/")
    if found is None:
        return []
    os.close(found)
    paths = _matching(tree, base, parts[fixed:])
    return [path for path in paths if not _hidden(tree, path)]


def _matching(tree: Tree, base: str, parts: list[str]) -> list[str]:
    expression = component(parts[0])
    fd = mount.open_in_root(tree.root, base or "/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        names = sorted(os.listdir(fd))
        kinds = {
            name: os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
            for name in names
            if expression.fullmatch(name)
        }
    finally:
        os.close(fd)
    found: list[str] = []
    for name, mode in kinds.items():
        path = f"{base}/{name}" if base else name
        if len(parts) == 1:
            found.append(path)
        elif stat.S_ISDIR(mode):
            found += _matching(tree, path, parts[1:])
    return found


def _hidden(tree: Tree, path: str) -> bool:
    """Whether .dockerignore leaves it out altogether: a directory may hold exceptions."""
    return bool(tree.ignored) and tree.ignored.matches(path) and not tree.ignored.exceptions


def walk(tree: Tree, path: str, want: Want) -> Generator[Item, None, None]:
    """The files of the source ``path``, directories before what they hold; links at its end are followed."""
    fd = _followed(tree, path)
    try:
        status = os.fstat(fd)
        if not stat.S_ISDIR(status.st_mode):
            yield from _single(tree, fd, path, status, want)
            return
        directory = os.open(inroot.fd_path(fd), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield Item("", directory, ".", status)
            yield from _below(_Filter(tree.ignored, path, want), directory, "", [])
        finally:
            os.close(directory)
    finally:
        os.close(fd)


def _followed(tree: Tree, path: str) -> int:
    fd = inroot.existing(tree.root, path or "/")
    if fd is None:
        raise NotFound(f'"/{path}": not found')
    return fd


def _single(tree: Tree, fd: int, path: str, status: os.stat_result, want: Want) -> Iterator[Item]:
    """A source that is a file: found again in its directory, under the name that the link, if any, leads to."""
    if want.exclude.matches(posixpath.basename(path)):
        return
    if tree.ignored and tree.ignored.matches(path):
        return
    directory, name = _parent(fd)
    try:
        yield Item("", directory, name, status)
    finally:
        os.close(directory)


def _parent(fd: int) -> tuple[int, str]:
    """The directory that an open file is in, and its name there. The kernel knows; nobody can lead us elsewhere by then."""
    place = os.readlink(inroot.fd_path(fd))
    parent, name = os.path.split(place)
    directory = os.open(parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    wanted = os.fstat(fd)
    if (found.st_dev, found.st_ino) != (wanted.st_dev, wanted.st_ino):
        os.close(directory)
        raise NotFound(f"{name}: changed while it was read")
    return directory, name


class _Filter:
    """What of a directory source is in: by .dockerignore (paths from the root) and by the flags (paths from the source)."""

    def __init__(self, ignored: Matcher, base: str, want: Want) -> None:
        self._ignored = ignored
        self._base = f"{base}/" if base else ""
        self._want = want

    def wants(self, path: str) -> bool:
        if self._want.parents is not None and not self._want.parents.matches(path):
            return False
        if self._want.exclude and self._want.exclude.matches(path):
            return False
        return not (self._ignored and self._ignored.matches(self._base + path))

    def may_hold(self, path: str) -> bool:
        """Whether something below an unwanted directory may be wanted."""
        parents = self._want.parents
        if parents is not None and not parents.matches(path) and not parents.may_hold(path):
            return False
        if self._want.exclude.matches(path) and not self._want.exclude.exceptions:
            return False
        return not (
            self._ignored
            and self._ignored.matches(self._base + path)
            and not self._ignored.exceptions
        )


def _below(filter: _Filter, directory: int, path: str, pending: list[Item]) -> Iterator[Item]:
    """What ``directory`` holds. ``pending`` are directories that are there only if something in them is."""
    for name in sorted(os.listdir(directory)):
        below = f"{path}/{name}" if path else name
        try:
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            continue  # removed since
        item = Item(below, directory, name, status)
        wanted = filter.wants(below)
        if not stat.S_ISDIR(status.st_mode):
            if wanted:
                yield from _due(pending)
                yield item
            continue
        if wanted:
            yield from _due(pending)
            yield item
        elif not filter.may_hold(below):
            continue
        fd = os.open(name, _DIRECTORY, dir_fd=directory)
        try:
            more = [] if wanted else [*pending, item]
            yield from _below(filter, fd, below, more)
            if not wanted and not more:
                pending.clear()
        finally:
            os.close(fd)


def _due(pending: list[Item]) -> Iterator[Item]:
    yield from pending
    pending.clear()


def read(fd: int, consume: Callable[[bytes], object]) -> None:
    """Everything that an open file holds."""
    while data := os.read(fd, 1 << 20):
        consume(data)


def exists(tree: Tree, path: str) -> bool:
    """Whether anything is at ``path``, a link that leads nowhere included."""
    parent, _, name = path.rpartition("/")
    try:
        fd = mount.open_in_root(tree.root, parent or "/", os.O_PATH | os.O_DIRECTORY)
    except SyscallError as err:
        if err.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    try:
        os.stat(name or ".", dir_fd=fd, follow_symlinks=False)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def is_directory(root: int, path: str) -> bool:
    """Whether a directory, or a link to one, is at ``path`` below ``root``."""
    try:
        os.close(mount.open_in_root(root, path or "/", os.O_PATH | os.O_DIRECTORY))
    except SyscallError as err:
        if err.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    return True
