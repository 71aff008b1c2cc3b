"""The steps of an image in the words of ``image history``."""

from __future__ import annotations

import time

from compose.render.record import Record
from compose.render.template import Layout
from compose.render.text import ago, short_id, short_size, shorten
from schemas.usage import HistoryEntry

_HEADINGS = {
    "ID": "IMAGE",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "CreatedBy": "CREATED BY",
    "Size": "SIZE",
    "Comment": "COMMENT",
}
LAYOUT = Layout(("ID", "CreatedSince", "CreatedBy", "Size", "Comment"), _HEADINGS)
EXACT = Layout(("ID", "CreatedAt", "CreatedBy", "Size", "Comment"), _HEADINGS)
MISSING = "<missing>"
_WIDTH = 45
_UNKNOWN = "N/A"


def fields(step: HistoryEntry, now: float, *, whole: bool, human: bool) -> Record:
    """What ``--format`` knows of a step; ``whole``: nothing is cut short, ``human``: sizes and times in words."""
    by = step.created_by.replace("\t", " ")
    return Record(
        Comment=step.comment,
        CreatedAt=_rfc3339(step.created) if step.created else _UNKNOWN,
        CreatedBy=by if whole else shorten(by, _WIDTH),
        CreatedSince=ago(step.created, now) if step.created else _UNKNOWN,
        ID=(step.id if whole else short_id(step.id)) or MISSING,
        Size=short_size(step.size) if human else str(step.size),
    )


def _rfc3339(moment: float) -> str:
    """Local time with its zone, as Go writes it."""
    text = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(moment))
    return f"{text[:-5]}Z" if text.endswith("+0000") else f"{text[:-2]}:{text[-2:]}"
