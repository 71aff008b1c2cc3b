"""Copy files between containers and here, by the rules of ``docker cp``.

The rules, for a destination D and a source S: D is a directory: S goes into it (its contents do when S ends in ``/.``).
D is a file: S must be one and replaces it. D does not exist: S takes its name, its parent must exist, and when D ends in
a slash S must be a directory. A link at D is followed.
"""

from __future__ import annotations

import os
import stat
import sys

from compose.ops.selection import is_one_off, number, project_containers
from schemas.engine import Bytes, Engine, Sink
from schemas.errors import NotFound, UsageError
from schemas.records import ContainerInfo, Progress
from schemas.typed import NamedTuple


class Copy(NamedTuple):
    """What the command line asks for; exactly one of source and target is in a service."""

    service: str
    source: str
    target: str
    outward: bool  # from the container to us
    replica: int = 0  # its number; 0: all of them, or the first
    follow: bool = False
    one_offs: bool = False


class Place(NamedTuple):
    """A path as a destination: where it leads, and what is there."""

    path: str
    exists: bool
    is_dir: bool


def direction(source: str, target: str, **options: object) -> Copy:
    """The copy that the two arguments mean; UsageError when none or both are in a service."""
    from_service, from_path = split_argument(source)
    to_service, to_path = split_argument(target)
    if from_service and to_service:
        raise UsageError("copying between services is not supported")
    if not from_service and not to_service:
        raise UsageError("unknown copy direction")
    outward = bool(from_service)
    copy = Copy(
        from_service or to_service,
        from_path if outward else source,
        target if outward else to_path,
        outward,
    )
    return copy._replace(**options)  # type: ignore[arg-type]


def split_argument(text: str) -> tuple[str, str]:
    """Service and path of ``SERVICE:PATH``; no service for a path of ours (absolute, or with a dot before the colon)."""
    service, colon, path = text.partition(":")
    if not colon or text.startswith((".", "/")) or not service:
        return "", text
    return service, path


def copy(engine: Engine, project: str, wanted: Copy, sink: Sink, *, dry_run: bool = False) -> None:
    """Carry the copy out, or only say what would be copied.

    NotFound for service, container or file; UsageError where the rules forbid it.
    """
    for info in _containers(engine, project, wanted):
        if wanted.outward:
            about = f"copy {info.name}:{wanted.source} to {wanted.target}"
        else:
            about = f"copy {wanted.source} to {info.name}:{wanted.target}"
        sink(Progress(info.name, about, "working", "Copying"))
        if not dry_run:
            carry = _out if wanted.outward else _in
            carry(engine, info, wanted)
        sink(Progress(info.name, about, "done", "Copied"))


def _containers(engine: Engine, project: str, wanted: Copy) -> list[ContainerInfo]:
    """Into every container of the service, out of the first; or the one with the number."""
    found = project_containers(engine, project, services=[wanted.service], one_offs=wanted.one_offs)
    if wanted.replica:
        found = [info for info in found if number(info) == wanted.replica and not is_one_off(info)]
        if not found:
            raise NotFound(f'service "{wanted.service}" is not running container #{wanted.replica}')
    if not found:
        raise NotFound(f'no container found for service "{wanted.service}"')
    if wanted.source == "-":
        return found[:1]  # a stream can be read once
    return found[:1] if wanted.outward else found


def _in(engine: Engine, info: ContainerInfo, wanted: Copy) -> None:
    target = _place_in(engine, info, wanted.target)
    if wanted.source == "-":
        if not target.is_dir:
            raise UsageError(f'destination "{info.id}:{wanted.target}" must be a directory')
        engine.write_archive(info.id, target.path, sys.stdin.buffer)
        return
    from compose.ops.tarfiles import Packed

    source = os.path.join(os.getcwd(), wanted.source)
    follow = wanted.follow or source.endswith("/")
    if not os.path.lexists(source.rstrip("/") or "/"):
        raise UsageError(f"lstat {source}: no such file or directory")
    is_dir = os.path.isdir(source) and (follow or _contents(source) or not os.path.islink(source))
    directory, name = _arrange(_name(source), is_dir, target, wanted.target)
    engine.write_archive(info.id, directory, Packed(source, name, follow=follow))


def _out(engine: Engine, info: ContainerInfo, wanted: Copy) -> None:
    path = wanted.source if wanted.source.startswith("/") else f"/{wanted.source}"
    found = engine.path_info(info.id, path)
    if found.link and wanted.follow:
        path = found.link
        found = engine.path_info(info.id, path)
    archive = engine.read_archive(info.id, path)
    try:
        if wanted.target == "-":
            _pour(archive)
            return
        from compose.ops.tarfiles import unpack

        # The name is that of the path as typed, also when it was a link that is followed.
        old, shown = _name(path), _name(wanted.source)
        is_dir = stat.S_ISDIR(found.mode)
        target = _place_here(wanted.target)
        directory, name = _arrange(shown, is_dir, target, wanted.target)
        if not os.path.isdir(directory or "/"):
            raise UsageError(
                f'invalid output path: directory "{os.path.abspath(directory)}" does not exist'
            )
        unpack(archive, directory, (old, name) if name != old else None)
    finally:
        archive.close()


def _arrange(name: str, is_dir: bool, target: Place, typed: str) -> tuple[str, str]:
    """The directory to unpack into, and what the source is called there."""
    if target.exists and target.is_dir:
        return target.path, name
    if target.exists and is_dir:
        raise UsageError("cannot copy directory")
    if not target.exists and not is_dir and _asserts_directory(typed):
        raise UsageError("no such directory")
    directory, base = os.path.split(target.path.rstrip("/"))
    return directory or ".", base


def _place_in(engine: Engine, info: ContainerInfo, path: str) -> Place:
    path = path if path.startswith("/") else f"/{path}"
    try:
        found = engine.path_info(info.id, path)
        if found.link:
            path = found.link
            found = engine.path_info(info.id, path)
    except NotFound:
        return Place(path, exists=False, is_dir=False)
    return Place(path, exists=True, is_dir=stat.S_ISDIR(found.mode))


def _place_here(path: str) -> Place:
    if os.path.islink(path):
        path = os.path.realpath(path)
    return Place(path, exists=os.path.exists(path), is_dir=os.path.isdir(path))


def _name(path: str) -> str:
    """The last name of a path; "." when its contents are meant."""
    return "." if _contents(path) else os.path.basename(path.rstrip("/")) or "/"


def _contents(path: str) -> bool:
    return os.path.basename(path.rstrip("/")) in (".", "") and path != "/"


def _asserts_directory(path: str) -> bool:
    return path.endswith(("/", "/."))


def _pour(archive: Bytes) -> None:
    sys.stdout.flush()
    while data := archive.read(1 << 20):
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
