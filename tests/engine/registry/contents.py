"""Layers from small to large, and a sink that hears nothing."""

from __future__ import annotations

import os

from schemas.records import Progress
from tests.support.images import directory, member, tar

ONE = tar(directory("etc"), member("etc/one", b"1"))
TWO = tar(directory("etc"), member("etc/two", b"2"))
BIG = tar(member("big", os.urandom(4 << 20)))
HUGE = [tar(member(f"huge{number}", os.urandom(12 << 20))) for number in range(3)]


def silent(_: Progress) -> None:
    pass
