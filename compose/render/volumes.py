"""A volume in the words of ``volumes``."""

from __future__ import annotations

from compose.render.record import Record
from compose.render.template import Layout, label_of, label_text
from schemas.records import VolumeInfo

LAYOUT = Layout(
    ("Driver", "Name"),
    {
        "Driver": "DRIVER",
        "Name": "VOLUME NAME",
        "Scope": "SCOPE",
        "Mountpoint": "MOUNTPOINT",
        "Labels": "LABELS",
        "Links": "LINKS",
        "Size": "SIZE",
        "Group": "GROUP",
        "Availability": "AVAILABILITY",
        "Status": "STATUS",
    },
)
_UNKNOWN = "N/A"


def fields(volume: VolumeInfo) -> Record:
    """What ``volumes --format`` knows of a volume."""
    return Record(
        Availability=_UNKNOWN,
        Driver=volume.driver,
        Group=_UNKNOWN,
        Label=label_of(volume.labels),
        Labels=label_text(volume.labels),
        Links=_UNKNOWN,
        Mountpoint=volume.mountpoint,
        Name=volume.name,
        Scope="local",
        Size=_UNKNOWN,
        Status=_UNKNOWN,
    )
