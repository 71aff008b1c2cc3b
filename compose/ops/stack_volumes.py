"""Volumes that the tasks of a project had on the node that is spoken to."""

from __future__ import annotations

import time
from collections.abc import Callable

from schemas import labels
from schemas.errors import Conflict, NotFound
from schemas.records import Progress
from schemas.service_engine import ServiceEngine

_RELEASE, _BEAT = 15.0, 0.3  # seconds for containers that end; between two attempts


def remove_volumes(engine: ServiceEngine, project: str, report: Callable[[Progress], None]) -> None:
    """Remove them; one that stays in use is said, not raised."""
    deadline = time.monotonic() + _RELEASE
    for volume in engine.volumes(labels={labels.STACK: project}):
        subject = f"Volume {volume.name}"
        report(Progress(subject, "Removing", "working"))
        while True:
            try:
                engine.remove_volume(volume.name)
            except NotFound:
                pass
            except Conflict:
                if time.monotonic() < deadline:
                    time.sleep(_BEAT)
                    continue
                report(Progress(subject, "Resource is still in use", "warning"))
                break
            report(Progress(subject, "Removed", "done"))
            break
