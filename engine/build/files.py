"""COPY, ADD and WORKDIR carried out: the step's layer is made by work on the stage's tree, mounted for the moment."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from engine.build import copying, modes, unpacking
from engine.build.copying import Dress, Target
from engine.build.patterns import Matcher, Parents, has_wildcards
from engine.build.reading import Reader, Remote
from engine.build.selection import Tree, Want, exists, expand, is_directory, walk
from engine.build.stack import Stack
from engine.build.steps import CopyStep, DirectoryStep
from engine.build.store import Draft
from engine.build.trees import Places, apart
from engine.kernel import inroot
from schemas.errors import NotFound

_PASSWD, _GROUP = "/etc/passwd", "/etc/group"


Say = Callable[[str], None]


def make_directory(
    step: DirectoryStep, stack: Stack, draft: Draft, epoch: int | None, say: Say
) -> None:
    """WORKDIR."""

    def work(places: Places) -> None:
        root = places.write(stack, draft.upper, draft.work)
        owner = _owner(root, step.user, say)
        os.close(Target(root, Dress(owner, None, epoch)).directory(step.path))

    apart(work)


def copy(
    step: CopyStep, stack: Stack, draft: Draft, reader: Reader, epoch: int | None, say: Say
) -> None:
    """COPY and ADD. NotFound for a source, Conflict for files and directories in each other's places."""

    def work(places: Places) -> None:
        below = Stack() if step.link else stack
        root = places.write(below, draft.upper, draft.work)
        accounts = places.read(stack) if step.link and step.chown else root
        dress = Dress(_owner(accounts, step.chown, say), modes.parse(step.chmod), epoch)
        target = Target(root, dress)
        tree = None if not _local(step, reader) else reader.tree(places, step.origin)
        for source in step.sources:
            found = reader.remote(step, source)
            if found is not None:
                _remote(step, found, target, dress)
            elif tree is not None:
                _source(step, tree, source, target, dress, owners=reader.owners(step.origin))
        for document in step.documents:
            target.write(
                document.name, step.target, document.content.encode("utf-8", "surrogateescape")
            )

    apart(work)


def _local(step: CopyStep, reader: Reader) -> bool:
    return any(reader.remote(step, source) is None for source in step.sources)


def _source(
    step: CopyStep, tree: Tree, source: str, target: Target, dress: Dress, *, owners: bool
) -> None:
    if not owners and dress.owner is None:
        # What comes from a person's directory is root's.
        target = Target(target.root, dress._replace(owner=(0, 0)))
    path, want = wanted(step, source)
    if want.parents is not None:
        if not has_wildcards(path):
            _require(tree, path, source)
        for base in expand(tree, path):
            if is_directory(tree.root, base):
                target.copy(tree, base, f"{step.target.rstrip('/')}/", want)
        return
    for path in expand(tree, source):
        if step.unpack and _unpacked(tree, path, step, target):
            continue
        target.copy(tree, path, step.target, want)


def wanted(step: CopyStep, source: str) -> tuple[str, Want]:
    """What of a source is wanted; with --parents the source is the place from which paths are kept."""
    exclude = Matcher(step.exclude)
    if not step.parents:
        return source, Want(exclude)
    base, pivot, pattern = source.partition("/./")
    if not pivot:
        base, pattern = "", source
    pattern = os.path.normpath("/" + pattern).lstrip("/")
    base = os.path.normpath("/" + base).lstrip("/")
    return base, Want(exclude, Parents(pattern) if pattern else None)


def _require(tree: Tree, base: str, source: str) -> None:
    """A path without wildcards must be there."""
    plain = os.path.normpath("/" + source.replace("/./", "/")).lstrip("/")
    if not has_wildcards(plain) and not exists(tree, plain):
        raise NotFound(f'"/{plain}": not found')
    if not exists(tree, base):
        raise NotFound(f'"/{base}": not found')


def _unpacked(tree: Tree, path: str, step: CopyStep, target: Target) -> bool:
    """Unpack the file at ``path`` if it is an archive; whether it was one."""
    items = walk(tree, path, Want(Matcher(())))
    try:
        first = next(items, None)
        if first is None or not stat.S_ISREG(first.status.st_mode):
            return False
        fd = first.open()
    finally:
        items.close()
    try:
        return _unpack(fd, step, target)
    finally:
        os.close(fd)


def _unpack(fd: int, step: CopyStep, target: Target) -> bool:
    if not unpacking.is_archive(fd):
        return False
    directory = target.directory(step.target)
    try:
        unpacking.unpack(fd, directory)
    finally:
        os.close(directory)
    return True


def _remote(step: CopyStep, found: Remote, target: Target, dress: Dress) -> None:
    owner = dress.owner or (0, 0)
    if found.is_tree:
        fd = os.open(found.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            to = Target(target.root, dress._replace(owner=owner))
            to.copy(Tree(fd, Matcher(())), "", step.target, Want(Matcher(step.exclude)))
        finally:
            os.close(fd)
        return
    fd = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if step.unpack_remote and _unpack(fd, step, target):
            return
        time = dress.time if dress.time is not None else found.mtime
        mode = dress.mode or modes.Change(0o600)
        to = Target(target.root, Dress(owner, mode, time))
        directory = os.open(
            os.path.dirname(found.path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        )
        try:
            to.add_file(directory, os.path.basename(found.path), found.name, step.target)
        finally:
            os.close(directory)
    finally:
        os.close(fd)


def _owner(root: int, text: str, say: Say) -> tuple[int, int] | None:
    return copying.owner(text, _read(root, _PASSWD), _read(root, _GROUP), say) if text else None


def _read(root: int, path: str) -> bytes:
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
