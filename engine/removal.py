"""Take a container away, with all it has."""

from __future__ import annotations

from engine import paths
from engine.containers import ACTIVE, record
from engine.erase import erase
from engine.state import containers as rows
from engine.state import db, locks, reserve, volume_uses
from schemas.errors import Conflict


def remove(reference: str, *, force: bool = False, volumes: bool = False) -> None:
    """Remove the container and all it has; ``volumes`` also those made for it alone. Conflict when it runs."""
    from engine import running
    from engine.runtime import cleaning, status
    from engine.volume import local

    row = rows.get(reference)
    directory = paths.container_dir(row.id)
    try:
        with locks.on_directory(directory):
            # Under the lock, so that nobody starts it again before it is gone.
            if status.read(row.id).state in ACTIVE:
                if not force:
                    raise Conflict(
                        f'container "{row.name}" is running',
                        hint="stop it first, or remove it by force",
                    )
                running.kill_and_wait(row)
            cleaning.cleanup(row.id)
            named = [mount["source"] for mount in row.facts["mounts"] if mount["type"] == "volume"]
            reserve.release()
            with db.transaction() as database:
                gone = volume_uses.release(database, row.id) if volumes else []
                if not rows.delete(database, row.id):
                    return
            if row.facts.get("limited"):
                from engine.kernel import quota

                quota.forget(directory, quota.project(row.id))
            erase(directory)
            for volume in gone:
                local.remove(volume)
            local.release(named)
    except FileNotFoundError:
        # Its directory was lost (or another command is removing it this moment): the row must not stay.
        cleaning.cleanup(row.id)
        with db.transaction() as database:
            rows.delete(database, row.id)
    record(row, "destroy")
