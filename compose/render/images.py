"""An image in the words of ``image ls``."""

from __future__ import annotations

from compose.ops.image_list import NamedImage
from compose.render.record import Record
from compose.render.template import Layout
from compose.render.text import ago, human_size, moment, short_id, short_size

_HEADINGS = {
    "Repository": "REPOSITORY",
    "Tag": "TAG",
    "Digest": "DIGEST",
    "ID": "IMAGE ID",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "Size": "SIZE",
    "VirtualSize": "SIZE",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
    "Containers": "CONTAINERS",
}
LAYOUT = Layout(("Repository", "Tag", "ID", "CreatedSince", "Size"), _HEADINGS)
WITH_DIGESTS = Layout(("Repository", "Tag", "Digest", "ID", "CreatedSince", "Size"), _HEADINGS)
_NONE, _UNKNOWN = "<none>", "N/A"


def fields(row: NamedImage, now: float, *, whole: bool = False) -> Record:
    """What ``image ls --format`` knows of an image."""
    image = row.image
    digests = [text.partition("@") for text in image.digests]
    digest = next((value for name, _, value in digests if name == row.repository), _NONE)
    return Record(
        Containers=_UNKNOWN,
        CreatedAt=moment(image.created) if image.created else _UNKNOWN,
        CreatedSince=ago(image.created, now) if image.created else _UNKNOWN,
        Digest=digest,
        ID=image.id if whole else short_id(image.id),
        Repository=row.repository or _NONE,
        SharedSize=_UNKNOWN,
        Size=short_size(image.size),
        Tag=row.tag or _NONE,
        UniqueSize=_UNKNOWN,
        VirtualSize=human_size(image.size),
    )
