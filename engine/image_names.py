"""Give names to images and take them away; with its last name an image goes."""

from __future__ import annotations

from engine import images
from engine.image import digest as digests
from engine.image import reference
from engine.state import db, journal, reserve
from engine.state import images as rows
from schemas.errors import Conflict


def tag(text: str, name: str) -> None:
    """Give an image one more name; NotFound."""
    from engine.image.record import refuse_host

    full = reference.tag_name(name)
    refuse_host(full)
    id = images.find(text)
    if id is None:
        raise images.no_such_image(text)
    with db.transaction() as database:
        if rows.get(id) is None:  # removed since
            raise images.no_such_image(text)
        rows.tag(database, full, id)
    journal.append("image", "tag", id, {"name": reference.familiar(full)})


def remove(text: str, *, force: bool = False) -> list[str]:
    """Untag and, with the last name, delete; lines in Docker's words. Conflict while a container uses it."""
    id = images.find(text)
    if id is None:
        raise images.no_such_image(text)
    row = rows.get(id)
    if row is None:  # removed since
        raise images.no_such_image(text)
    if row.kind == "host" and rows.tags(id):
        raise Conflict("pycompose/host is built into the engine and cannot be removed")
    by_id = (
        reference.is_hex(text.removeprefix("sha256:")) and rows.by_tag(reference.full(text)) is None
    )
    done: list[str] = []
    reserve.release()
    with db.transaction() as database:
        names = rows.tags(id)
        if by_id and not force and not _is_single(names):
            raise Conflict(
                f"conflict: unable to delete {_short(id)} (must be forced) - image is referenced in multiple repositories"
            )
        going = names if by_id else _with_digests(reference.full(text), names)
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

        images.forget()
        done += [f"Deleted: {diff_id}" for diff_id in gc.collect()]
    return done


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
