"""Volumes as the engine offers them: create, list, remove."""

from __future__ import annotations

import os
import time

from engine import paths, support
from engine.erase import erase
from engine.state import db, journal, reserve, volume_uses
from engine.state import volumes as rows
from engine.state.volumes import VolumeRow
from engine.volume import local
from schemas import labels as keys
from schemas.errors import Conflict, NotFound
from schemas.records import VolumeInfo
from schemas.specs import VolumeSpec


def create(spec: VolumeSpec) -> VolumeInfo:
    """Make a volume; the one that has the name already is given back as it is."""
    support.check_volume(spec)
    name, driver = spec["name"], spec.get("driver") or "local"
    options = spec.get("driver_opts") or {}
    row = VolumeRow(name, driver, spec.get("labels") or {}, options, time.time(), anonymous=False)
    old = ""
    with db.transaction() as database:
        made = rows.insert(database, row)
        if made:
            # A directory without a row is what a killed removal left: its content must not come back.
            old = local.discard(name)
            _limit(local.ensure(name), name, options)
    if old:
        erase(old)
    if made:
        journal.append("volume", "create", name, {"driver": driver})
    return get(name)


def _limit(path: str, name: str, options: dict[str, str]) -> None:
    if options.get("size"):
        from engine.kernel import quota
        from engine.volume import sizes

        size = sizes.read(str(options["size"]), "driver_opts size")
        quota.limit([path], _project(name), size)


def _project(name: str) -> int:
    import zlib

    from engine.kernel import quota

    return quota.project(f"{zlib.crc32(name.encode()):08x}")


def get(name: str) -> VolumeInfo:
    """NotFound."""
    row = rows.get(name)
    if row is None:
        raise NotFound(f"get {name}: no such volume")
    return _info(row)


def select(labels: dict[str, str] | None = None) -> list[VolumeInfo]:
    """The volumes that have all ``labels``, by name."""
    return [_info(row) for row in rows.select(labels)]


def remove(name: str, *, force: bool = False) -> None:
    """Conflict while a container uses it; NotFound, unless ``force``."""
    reserve.release()
    with db.transaction() as database:
        row = rows.get(name)
        if row is None:
            if force:
                return
            raise NotFound(f"get {name}: no such volume")
        limited = bool(row.options.get("size"))
        users = volume_uses.users(name)
        if users:
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        rows.delete(database, name)
        doomed = local.discard(name)
    if limited:
        from engine.kernel import quota

        quota.forget(paths.root(), _project(name))
    if doomed:
        erase(doomed)
    journal.append("volume", "destroy", name, {"driver": "local"})


def sweep() -> None:
    """Erase directories of volumes without a row: removals that were cut short. Cheap when there are none."""
    store = f"{paths.root()}/volumes"
    try:
        found = set(os.listdir(store))
    except FileNotFoundError:
        return
    if not found - rows.names(db.connection()):
        return
    with db.transaction() as database:
        # Rows and directories change together under the write lock, so the second look decides.
        found = set(os.listdir(store))
        rubbish = [local.discard(name) for name in found - rows.names(database)]
    for path in rubbish:
        if path:
            erase(path)


def _info(row: VolumeRow) -> VolumeInfo:
    return VolumeInfo(
        name=row.name,
        driver=row.driver,
        labels={**row.labels, keys.ANONYMOUS_VOLUME: ""} if row.anonymous else row.labels,
        mountpoint=local.data(row.name),
        created=row.created,
        anonymous=row.anonymous,
        options=row.options,
    )
