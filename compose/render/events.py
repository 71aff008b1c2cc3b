"""An event as ``events`` prints it: a line for people, an object for programs."""

from __future__ import annotations

import time

from compose.render.jsontext import dumps
from schemas import labels
from schemas.records import Event


def line(event: Event) -> str:
    """``2026-11-25 01:20:38.776989 container start <id> (image=busybox, name=demo-web-1)``."""
    whole = int(event.time)
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(whole))
    about = ", ".join(f"{key}={value}" for key, value in _attributes(event).items())
    return f"{moment}.{_micro(event.time):06d} {event.type} {event.action} {event.id} ({about})"


def as_json(event: Event) -> str:
    """The event as one JSON object."""
    return dumps(
        {
            "action": event.action,
            "attributes": _attributes(event),
            "id": event.id,
            "service": event.attributes.get(labels.SERVICE, ""),
            "time": _rfc3339(event.time),
            "type": event.type,
        }
    )


def _attributes(event: Event) -> dict[str, str]:
    """The attributes that are no labels of Compose, or of ours."""
    return {
        key: event.attributes[key]
        for key in sorted(event.attributes)
        if not key.startswith((labels.PREFIX, labels.OWN_PREFIX))
    }


def _micro(moment: float) -> int:
    return min(round((moment - int(moment)) * 1e6), 999_999)


def _rfc3339(moment: float) -> str:
    """Local time with its offset; of the fraction only what is not zero."""
    parts = time.localtime(int(moment))
    fraction = f".{_micro(moment):06d}".rstrip("0").rstrip(".")
    zone = time.strftime("%z", parts)
    offset = "Z" if zone in ("", "+0000") else f"{zone[:3]}:{zone[3:]}"
    return time.strftime("%Y-%m-%dT%H:%M:%S", parts) + fraction + offset
