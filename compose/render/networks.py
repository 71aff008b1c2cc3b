"""A network in the words of ``network ls``."""

from __future__ import annotations

import time

from compose.render.record import Record
from compose.render.template import Layout, label_of, label_text
from compose.render.text import short_id
from schemas.records import NetworkInfo

LAYOUT = Layout(
    ("ID", "Name", "Driver", "Scope"),
    {
        "ID": "NETWORK ID",
        "Name": "NAME",
        "Driver": "DRIVER",
        "Scope": "SCOPE",
        "IPv4": "IPV4",
        "IPv6": "IPV6",
        "Internal": "INTERNAL",
        "Labels": "LABELS",
        "CreatedAt": "CREATED AT",
    },
)


def fields(network: NetworkInfo, *, whole: bool = False) -> Record:
    """What ``network ls --format`` knows of a network."""
    return Record(
        CreatedAt=_moment(network.created),
        Driver=network.driver,
        ID=network.id if whole else short_id(network.id),
        IPv4=_word(any(":" not in subnet for subnet in network.subnets)),
        IPv6=_word(any(":" in subnet for subnet in network.subnets)),
        Internal=_word(network.internal),
        Label=label_of(network.labels),
        Labels=label_text(network.labels),
        Name=network.name,
        Scope="local",
    )


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def _moment(seconds: float) -> str:
    """As Go prints a time with its parts of a second, in UTC."""
    whole, part = divmod(seconds, 1)
    digits = f"{int(part * 1e9):09d}".rstrip("0")
    point = f".{digits}" if digits else ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(whole)) + f"{point} +0000 UTC"
