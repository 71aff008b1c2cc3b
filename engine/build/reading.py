"""What steps read: the trees of their origins, and digests of what they would take from them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.build import remote
from engine.build.patterns import Matcher
from engine.build.sources import Directory, Sources
from engine.build.stack import Stack
from engine.build.steps import CopyStep, Origin, RunStep
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from engine.build.selection import Tree, Want
    from engine.build.trees import Places

_NOTHING = Matcher(())


class Remote(NamedTuple):
    """A source that was fetched: a file, or the tree of a repository."""

    path: str
    name: str
    digest: str
    mtime: int
    is_tree: bool


class Reader:
    """Opens what steps read. ``stack_of`` gives the outcome of a stage, which is built when it is missing."""

    def __init__(self, sources: Sources, stack_of: Callable[[int], Stack]) -> None:
        self._sources = sources
        self._stack_of = stack_of
        self._remotes: dict[tuple[str, str, bool | None], Remote | None] = {}
        self._lock = threading.RLock()

    def stack(self, origin: Origin) -> Stack:
        """The layers of an origin that has layers."""
        if origin.kind == "stage":
            return self._stack_of(origin.stage)
        if origin.kind == "scratch":
            return Stack()
        found = self._sources.of(origin)
        assert not isinstance(found, Directory)
        return found.stack

    def directory(self, origin: Origin) -> Directory | None:
        """The directory that an origin is; None for one with layers."""
        if origin.kind in ("stage", "scratch"):
            return None
        found = self._sources.of(origin)
        return found if isinstance(found, Directory) else None

    def tree(self, places: Places, origin: Origin) -> Tree:
        """The origin's files, opened in the present thread."""
        from engine.build.selection import Tree

        directory = self.directory(origin)
        if directory is not None:
            return Tree(places.open(directory.path), directory.ignored)
        return Tree(places.read(self.stack(origin)), _NOTHING)

    def owners(self, origin: Origin) -> bool:
        """Whether owners of files mean anything there."""
        return self.directory(origin) is None

    def remote(self, step: CopyStep, source: str) -> Remote | None:
        """The fetched source; None for one that is none."""
        if not step.is_add or not remote.is_remote(source):
            return None
        key = (source, step.checksum, step.keep_git_dir)
        with self._lock:
            if key not in self._remotes:
                self._remotes[key] = _fetch(step, source)
            return self._remotes[key]

    def copied(self, step: CopyStep) -> list[str]:
        """Digests of all that a COPY takes."""
        from engine.build.files import wanted

        found: list[str] = []
        local: list[str] = []
        for source in step.sources:
            fetched = self.remote(step, source)
            if fetched is None:
                local.append(source)
            else:
                found.append(f"{fetched.name} {fetched.digest}")
        for source in local:
            base, want = wanted(step, source)
            found.append(self._digest(step.origin, base, want))
        return found

    def mounted(self, step: RunStep) -> list[str]:
        """Digests of all that the bind mounts of a RUN show."""
        if not step.mounts:
            return []
        from engine.build.selection import Want

        return [
            self._digest(item.origin, item.mount.source or "/", Want(_NOTHING))
            for item in step.mounts
            if item.mount.type == "bind"
        ]

    def _digest(self, origin: Origin, source: str, want: Want) -> str:
        directory = self.directory(origin)

        from engine.build import contents
        from engine.build.facts import Facts
        from engine.build.trees import Places, apart

        def work(places: Places) -> str:
            tree = self.tree(places, origin)
            facts = directory.facts if directory is not None else Facts()
            owners = directory is None
            return contents.digest(tree, (source,), want, facts=facts, owners=owners)

        if directory is None:
            return apart(work)
        places = Places()
        try:
            return work(places)
        finally:
            places.close()


def _fetch(step: CopyStep, source: str) -> Remote | None:
    from engine.build import fetching

    found = remote.git(source)
    if found is not None:
        keep = step.keep_git_dir if step.keep_git_dir is not None else bool(found.keep_git_dir)
        tree = fetching.git(found, keep_git_dir=keep, checksum=step.checksum)
        return Remote(tree.path, "", tree.digest, 0, True)
    if remote.is_url(source):
        file = fetching.url(source, step.checksum)
        return Remote(file.path, file.name, file.digest, file.mtime, False)
    return None
