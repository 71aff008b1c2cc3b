"""A container's processes as ``top`` prints them."""

from __future__ import annotations

from compose.render.table import table
from schemas.records import ContainerInfo, Process

_HEADER = ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD")


def processes_of(info: ContainerInfo, processes: list[Process]) -> str:
    """The container's name, its table and an empty line; the last column is padded too, except in the header."""
    rows = [
        (
            each.uid,
            str(each.pid),
            str(each.ppid),
            each.cpu,
            each.start,
            each.tty,
            each.time,
            each.command,
        )
        for each in processes
    ]
    width = max((len(row[-1]) for row in rows), default=0) + 3
    padded = [(*row[:-1], row[-1].ljust(width)) for row in rows]
    return f"{info.name}\n{table(_HEADER, padded, minimum=5)}\n"
