"""Images as the engine offers them: load, import, save, tag, remove, and the root of a container made from one."""

from __future__ import annotations

import functools
import json
import os
import time
from typing import TYPE_CHECKING, Any

from engine import paths
from engine.erase import erase
from engine.image import digest as digests
from engine.image import reference
from engine.snapshot.store import STORE_LOCK, LayerStore
from engine.state import db, journal, locks
from engine.state import images as rows
from schemas.errors import Conflict, InvalidArgument, NotFound, Unsupported
from schemas.records import ImageInfo, Progress
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from engine.runtime.bundle import Root
    from schemas.engine import Sink

_HOST = "docker.io/pycompose/host"  # built in, see engine.image.host
_SHORTEST_PREFIX = 4  # of an id; shorter words are names


class ImageRecord(NamedTuple):
    """What a reference means."""

    id: str
    kind: str  # layers, host
    config: dict[str, Any]  # the OCI image config
    layers: tuple[str, ...]  # directories, top first


# reading ----------------------------------------------------------------------------------------


def resolve(text: str) -> ImageRecord | None:
    """The image that a reference, digest, id or id prefix means; None when it is not here."""
    id = _find(text)
    return record(id) if id else None


def record(id: str) -> ImageRecord:
    """The image with this id; NotFound."""
    return _record(paths.root(), id)


def config(id: str) -> dict[str, Any]:
    """The OCI image config of an image; NotFound."""
    return record(id).config


def layers(id: str) -> list[str]:
    """The directories of an image's layers, top first; NotFound. The host image: its skeleton, without /usr."""
    found = record(id)
    if found.kind == "host":
        from engine.image import skeleton

        return [*found.layers, skeleton.path()]
    return list(found.layers)


@functools.lru_cache(maxsize=256)
def _record(root: str, id: str) -> ImageRecord:
    """Content by digest never changes, so it is read once in a process."""
    row = rows.get(id)
    if row is None:
        raise _no_such_image(id)
    store = LayerStore(root)
    stack = tuple(store.path(layer.diff_id) for layer in reversed(rows.layers(id)))
    return ImageRecord(id, row.kind, json.loads(row.config), stack)


def images() -> list[ImageInfo]:
    """Every image, newest first."""
    from engine.image import inspect as views

    _register_host()
    tags = rows.all_tags()
    return [views.info(row, tags.get(row.id, [])) for row in rows.list_all()]


def image(text: str) -> ImageInfo | None:
    """By reference, digest or id prefix; None when it is not here."""
    from engine.image import inspect as views

    id = _find(text)
    row = rows.get(id) if id else None
    return views.info(row, rows.tags(row.id), rows.tagged(row.id)) if row else None


def inspect(text: str) -> dict[str, object]:
    """The image in the shape of ``docker image inspect``; NotFound."""
    from engine.image import inspect as views

    id = _find(text)
    row = rows.get(id) if id else None
    if row is None:
        raise _no_such_image(text)
    return views.document(
        row,
        rows.tags(row.id),
        rows.layers(row.id),
        list(_record(paths.root(), row.id).layers),
        rows.tagged(row.id),
    )


def root(image_id: str, container_id: str) -> Root:
    """The root of a container: its layers and its own writable directories, made when they are missing."""
    from engine.image import host, skeleton

    found = record(image_id)
    own = paths.container_dir(container_id)
    upper, work = f"{own}/upper", f"{own}/work"
    if found.kind == "host":
        lowers = [*found.layers, skeleton.path()]
        usr = [path for layer in found.layers if os.path.isdir(path := f"{layer}/usr")]
        _own_directory(upper, lowers[0])
        _own_directory(f"{own}/usr-upper", "/usr")
        os.makedirs(work, mode=0o700, exist_ok=True)
        os.makedirs(f"{own}/usr-work", mode=0o700, exist_ok=True)
        return {
            "kind": "host",
            "lowers": lowers,
            "upper": upper,
            "work": work,
            "usr_lowers": [*usr, "/usr"],
            "usr_upper": f"{own}/usr-upper",
            "usr_work": f"{own}/usr-work",
            "extra": host.extra_directories(),
        }
    lowers = [*found.layers, mount_points()]
    _own_directory(upper, lowers[0])
    os.makedirs(work, mode=0o700, exist_ok=True)
    return {"kind": "layers", "lowers": lowers, "upper": upper, "work": work}


def _own_directory(path: str, like: str) -> None:
    """The top directory of an overlay shows the attributes of its upper one, so they are taken from below."""
    if os.path.isdir(path):
        return
    os.makedirs(path)
    entry = os.stat(like)
    os.chown(path, entry.st_uid, entry.st_gid)
    os.chmod(path, entry.st_mode & 0o7777)


def host_layers() -> tuple[str, ...]:
    """The directory below all layers of an image that is made on the host's own system."""
    from engine.image import skeleton

    return (skeleton.path(),)


def mount_points() -> str:
    """The layer below every image: what the runtime mounts on, for images that lack it.

    Without it each container makes these in its own layer, and nothing is as dear in a start as files on a disk. It is
    also the one lower directory that overlayfs wants of an image without layers.
    """
    path = f"{paths.root()}/points"
    if os.path.isdir(path):
        return path
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    for directory in ("dev", "etc", "proc", "sys"):
        os.makedirs(f"{temporary}/{directory}", mode=0o755)
    for file in ("hosts", "hostname", "resolv.conf"):
        os.close(os.open(f"{temporary}/etc/{file}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    os.chmod(temporary, 0o755)
    try:
        os.rename(temporary, path)
    except OSError:  # another command was quicker
        erase(temporary)
    return path


def _find(text: str) -> str | None:
    """The id that ``text`` means, as Docker looks it up: full id, then reference, then id prefix."""
    text = text.strip()
    value = text.removeprefix("sha256:")
    if len(value) == 64 and reference.is_hex(value):
        return digests.from_hex(value) if rows.get(digests.from_hex(value)) else None
    if not text.startswith("sha256:"):
        wanted = reference.with_default_tag(reference.parse(text))
        if wanted.name == _HOST:
            _register_host()
        found = rows.by_tag(str(wanted))
        if found is None and wanted.digest:
            found = rows.by_tag(f"{wanted.name}@{wanted.digest}")
        if found is not None:
            return found
    if len(value) >= _SHORTEST_PREFIX and reference.is_hex(value):
        matches = rows.by_prefix(digests.from_hex(value))
        if len(matches) > 1:
            raise InvalidArgument(f"ambiguous image id prefix: {value}")
        return matches[0] if matches else None
    return None


def _register_host() -> None:
    """See that the built-in image is listed as it is today."""
    from engine.image import host

    row = host.row()
    if rows.by_tag(host.NAME) == row.id:
        return
    with db.transaction() as database:
        rows.insert(database, row, [])
        rows.tag(database, host.NAME, row.id)


def _no_such_image(text: str) -> NotFound:
    return NotFound(f"No such image: {text}")


# changing ---------------------------------------------------------------------------------------


def load(path: str, *, sink: Sink) -> list[ImageInfo]:
    """Load a ``docker save`` or OCI archive ("-": standard input); its images in its order, with the names it gives."""
    from engine.image.archive import Archive
    from engine.image.manifest import images as sources
    from engine.image.record import bring_layer, record_image

    with locks.shared(STORE_LOCK), Archive(path) as archive:
        found = sources(archive)
        for source in found:
            stack = [bring_layer(archive, layer, sink) for layer in source.layers]
            record_image(source.id, source.config, stack, source.names)
    return [
        _info(source.id)._replace(tags=tuple(map(reference.familiar, source.names)))
        for source in found
    ]


def import_rootfs(
    path: str, text: str, *, changes: list[str], message: str = "", sink: Sink
) -> ImageInfo:
    """Make a one-layer image of a root filesystem tar (plain, gzip or zstd; "-": standard input)."""
    from engine.image import config as configs
    from engine.image.archive import open_input, read_chunks
    from engine.image.blobs import BlobStore
    from engine.image.layers import bring
    from engine.image.record import record_image

    name = _tag_name(text) if text else ""
    configs.apply_changes({}, changes)  # a wrong one must fail before the work
    root = paths.root()
    shown = "standard input" if path == "-" else os.path.basename(path)
    fd = open_input(path)
    try:
        with locks.shared(STORE_LOCK):
            sink(Progress(f"Image {text or shown}", "Importing", "working"))
            layer = bring(BlobStore(root), LayerStore(root), read_chunks(fd))
            document = configs.imported(
                layer.diff_id,
                created=time.time(),
                changes=changes,
                comment=message or f"Imported from {shown}",
            )
            body = configs.encode(document)
            id = digests.of(body.encode())
            record_image(id, body, [layer], [name] if name else [])
    finally:
        os.close(fd)
    sink(Progress(f"Image {text or shown}", "Imported", "done"))
    return _info(id)


def tag(text: str, name: str) -> None:
    """Give an image one more name; NotFound."""
    from engine.image.record import refuse_host

    full = _tag_name(name)
    refuse_host(full)
    id = _find(text)
    if id is None:
        raise _no_such_image(text)
    with db.transaction() as database:
        rows.tag(database, full, id)
    journal.append("image", "tag", id, {"name": reference.familiar(full)})


def _tag_name(text: str) -> str:
    wanted = reference.parse(text)
    if wanted.digest:
        raise InvalidArgument("refusing to create a tag with a digest reference")
    return str(reference.with_default_tag(wanted))


def remove(text: str, *, force: bool = False) -> list[str]:
    """Untag and, with the last name, delete; lines in Docker's words. Conflict while a container uses it."""
    id = _find(text)
    if id is None:
        raise _no_such_image(text)
    row = rows.get(id)
    if row is None or (row.kind == "host" and rows.tags(id)):
        raise Conflict("pycompose/host is built into the engine and cannot be removed")
    by_id = reference.is_hex(text.removeprefix("sha256:")) and rows.by_tag(_maybe(text)) is None
    done: list[str] = []
    with db.transaction() as database:
        names = rows.tags(id)
        if by_id and not force and not _is_single(names):
            raise Conflict(
                f"conflict: unable to delete {_short(id)} (must be forced) - image is referenced in multiple repositories"
            )
        going = names if by_id else _with_digests(_maybe(text), names)
        last = set(names) <= set(going)
        users = rows.users(id)
        if last and users and not force:
            raise Conflict(
                f'conflict: unable to remove repository reference "{text}" (must force) - container {users[0][0][:12]}'
                f" is using its referenced image {_short(id)}"
            )
        for name in going:
            rows.untag(database, name)
            done.append(f"Untagged: {reference.familiar(name)}")
        if last and not users:
            rows.delete(database, id)
            done.append(f"Deleted: {id}")
    for line in done:
        action, _, name = line.partition(": ")
        journal.append("image", "untag" if action == "Untagged" else "delete", id, {"name": name})
    if last and not users:
        from engine.image import gc

        _record.cache_clear()
        done += [f"Deleted: {diff_id}" for diff_id in gc.collect()]
    return done


def _maybe(text: str) -> str:
    """The full form of ``text``, or "" when it cannot be a reference. Beside a digest, a tag says nothing."""
    try:
        wanted = reference.with_default_tag(reference.parse(text))
    except InvalidArgument:
        return ""
    return str(wanted._replace(tag="") if wanted.digest else wanted)


def _is_single(names: list[str]) -> bool:
    """Whether an image has one name; digests of the same repository are no further ones."""
    tags = [name for name in names if "@" not in name]
    repositories = {name.partition("@")[0] for name in names if "@" in name}
    repositories |= {name.rpartition(":")[0] for name in tags}
    return len(tags) <= 1 and len(repositories) <= 1


def _with_digests(name: str, names: list[str]) -> list[str]:
    """The name, and with a repository's last tag also its digests."""
    repository = name.rpartition(":")[0]
    others = [each for each in names if "@" not in each and each.rpartition(":")[0] == repository]
    if "@" in name or others != [name]:
        return [name]
    return [name, *(each for each in names if each.startswith(f"{repository}@"))]


def _short(id: str) -> str:
    return digests.hex_part(id)[:12]


def save(references: list[str], path: str) -> None:
    """Write an archive that ``docker load`` and OCI tools take; "-" is standard output."""
    from engine.image.blobs import BlobStore
    from engine.image.save import SavedImage, write

    chosen: dict[str, SavedImage] = {}
    with locks.shared(STORE_LOCK):
        for text in references:
            id = _find(text)
            row = rows.get(id) if id else None
            if row is None:
                raise _no_such_image(text)
            if row.kind == "host":
                raise Unsupported("pycompose/host is a view of this host and cannot be saved")
            name = _maybe(text)
            names = [name] if name and rows.by_tag(name) == row.id and "@" not in name else []
            before = chosen.get(row.id)
            names = sorted({*(before.names if before else ()), *names})
            chosen[row.id] = SavedImage(row, rows.layers(row.id), names)
        write(list(chosen.values()), path, BlobStore(paths.root()))


def _info(id: str) -> ImageInfo:
    from engine.image import inspect as views

    row = rows.get(id)
    if row is None:
        raise _no_such_image(id)
    return views.info(row, rows.tags(id), rows.tagged(id))


def sweep() -> None:
    """Remove temporary files of killed commands. Cheap when there are none."""
    from engine.image import gc

    gc.sweep()
