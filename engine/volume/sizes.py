"""Sizes that are asked for: ``storage_opt.size`` of a container, the option ``size`` of a volume. Each is a project's quota."""

from __future__ import annotations

from engine import paths
from engine.kernel import quota
from schemas.errors import InvalidArgument, Unsupported

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}


def read(text: str, about: str) -> int:
    """Bytes of "10G", "512m", "1GiB"; InvalidArgument."""
    word = text.strip().lower()
    word = word.removesuffix("b").removesuffix("i")
    number = word.rstrip("kmgtp")
    unit = word[len(number) :]
    try:
        size = int(float(number) * _UNITS[unit])
    except (ValueError, KeyError):
        raise InvalidArgument(f"{about} {text!r} is not a size like 10G") from None
    if size <= 0:
        raise InvalidArgument(f"{about} {text!r} is not a size above zero")
    return size


def check(text: str, about: str) -> int:
    """The size; Unsupported where the file system of our state keeps no project quotas."""
    import os

    size = read(text, about)
    place = paths.root()
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    if not quota.available(place):
        raise Unsupported(
            f"{about}: quota size requested but no quota support: the file system of {place} keeps no project quotas",
            hint="keep PYCOMPOSE_ROOT on xfs mounted with pquota, or on ext4 made with -O quota,project and mounted with"
            " prjquota",
        )
    return size
