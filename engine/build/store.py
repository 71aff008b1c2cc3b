"""What builds keep: snapshots (a step's changes as an overlay's upper directory) and the entries that find them again.

    build/snapshots/<id>/fs      the changes; gone or whole
    build/keys/<key>             JSON: the snapshot, and those below it up to the base image
    build/mounts/<id>            directories of RUN --mount=type=cache

An entry is written after its snapshot and read with a look whether the snapshot is there, so nothing has to be done in both
places at once. An image takes a snapshot over as a layer by a link (``commit``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from engine import paths
from engine.erase import erase
from engine.state.images import LayerRow
from schemas.typed import NamedTuple


class Entry(NamedTuple):
    """The outcome of a step. ``content`` is its key by content; ``chain`` its snapshot and those below, top first; ``times``
    when they were made, lowest first; ``layer`` is the key of its snapshot alone, where that has one of its own."""

    content: str
    chain: tuple[str, ...]
    times: tuple[float, ...]
    title: str = ""
    layer: str = ""


def root() -> str:
    return f"{paths.root()}/build"


def path(snapshot: str) -> str:
    """The directory of a snapshot's changes."""
    return f"{root()}/snapshots/{snapshot}/fs"


def has(snapshot: str) -> bool:
    return os.path.isdir(path(snapshot))


def imported(diff_id: str) -> str:
    """The snapshot that a layer from elsewhere becomes."""
    return diff_id.rpartition(":")[2][:32]


def adopt(snapshot: str, directory: str, about: LayerRow) -> None:
    """Make a directory of the layer store a snapshot. It goes when the layer does, which no image has to hold."""
    target = f"{root()}/snapshots/{snapshot}"
    temporary = f"{paths.root()}/tmp/build-{os.urandom(16).hex()}"
    os.makedirs(temporary)
    try:
        os.symlink(os.path.relpath(directory, target), f"{temporary}/fs")
        with open(f"{temporary}/layer.json", "w", encoding="utf-8") as file:
            json.dump(about, file)
        os.makedirs(f"{root()}/snapshots", mode=0o700, exist_ok=True)
        if not os.path.isdir(target):
            os.rename(temporary, target)
    except FileExistsError:
        pass  # another build has it
    finally:
        erase(temporary)


class Draft:
    """A snapshot being made: keep it with ``keep``, else it is removed."""

    def __init__(self, like: str | None) -> None:
        self.id = os.urandom(16).hex()
        self._directory = f"{paths.root()}/tmp/build-{self.id}"
        self.upper = f"{self._directory}/fs"
        self.work = f"{self._directory}/work"
        os.makedirs(self.upper)
        os.mkdir(self.work, 0o700)
        mode, owner = 0o755, (0, 0)
        if like is not None:
            found = os.stat(like)
            mode, owner = found.st_mode & 0o7777, (found.st_uid, found.st_gid)
        # The top directory of an overlay shows the attributes of its upper one.
        os.chown(self.upper, *owner)
        os.chmod(self.upper, mode)

    def keep(self) -> str:
        """Make it a snapshot; its id."""
        self._fold_usr()
        erase(self.work)
        os.makedirs(f"{root()}/snapshots", mode=0o700, exist_ok=True)
        os.rename(self._directory, f"{root()}/snapshots/{self.id}")
        return self.id

    def discard(self) -> None:
        """Remove it, unless it was kept."""
        erase(self._directory)

    def _fold_usr(self) -> None:
        """On a host's system /usr was an overlay of its own: its changes belong into the snapshot."""
        own = f"{self.upper}-usr"
        if not os.path.isdir(own):
            return
        erase(f"{own}-work")
        if os.listdir(own):
            erase(f"{self.upper}/usr")
            os.rename(own, f"{self.upper}/usr")
        else:
            erase(own)


def find(key: str) -> Entry | None:
    """The entry of a key whose snapshots are all there; None when there is none."""
    try:
        with open(f"{root()}/keys/{key}", "rb") as file:
            entry = Entry(*json.load(file))
    except (FileNotFoundError, ValueError):
        return None
    entry = entry._replace(chain=tuple(entry.chain), times=tuple(entry.times))
    return entry if all(map(has, entry.chain)) else None


def remember(keys: tuple[str, ...], entry: Entry) -> None:
    """Let ``keys`` lead to ``entry`` from now on."""
    directory = f"{root()}/keys"
    text = json.dumps(entry)
    for key in dict.fromkeys(keys):
        temporary = f"{directory}/.{os.urandom(8).hex()}"
        try:
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
        os.rename(temporary, f"{directory}/{key}")


def touch(key: str) -> None:
    """Note that the entry was of use now: what is old is pruned first. Its file gets a blank at its end for each use."""
    try:
        fd = os.open(f"{root()}/keys/{key}", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except OSError:
        return
    try:
        os.write(fd, b" ")
    except OSError:
        pass  # a full disk: the build needs no more room, perhaps
    finally:
        os.close(fd)


def uses(key: str) -> int:
    """How often the entry was of use, its making included."""
    try:
        with open(f"{root()}/keys/{key}", "rb") as file:
            text = file.read()
    except FileNotFoundError:
        return 0
    return 1 + len(text) - len(text.rstrip())


def entries() -> Iterator[tuple[str, Entry, float]]:
    """(key, entry, last use) of all that is kept."""
    directory = f"{root()}/keys"
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith("."):
            continue
        try:
            used = os.stat(f"{directory}/{name}").st_mtime
        except FileNotFoundError:
            continue
        entry = find(name)
        if entry is not None:
            yield name, entry, used
