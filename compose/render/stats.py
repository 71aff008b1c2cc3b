"""What containers use, in the words of ``stats``."""

from __future__ import annotations

from compose.ops.stats import Usage
from compose.render.record import Record
from compose.render.template import Layout
from compose.render.text import binary_size, short_id, short_size

LAYOUT = Layout(
    ("ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"),
    {
        "ID": "CONTAINER ID",
        "Container": "CONTAINER",
        "Name": "NAME",
        "CPUPerc": "CPU %",
        "MemUsage": "MEM USAGE / LIMIT",
        "MemPerc": "MEM %",
        "NetIO": "NET I/O",
        "BlockIO": "BLOCK I/O",
        "PIDs": "PIDS",
    },
)
CLEAR = "\033[2J\033[H"  # before each picture of a stream, as Docker does it


def fields(usage: Usage, *, whole: bool = False) -> Record:
    """What ``stats --format`` knows of a container."""
    id = usage.info.id if whole else short_id(usage.info.id)
    share = 100 * usage.memory / usage.memory_limit if usage.memory_limit else 0.0
    return Record(
        BlockIO=_pair(usage.block),
        CPUPerc=f"{usage.cpu:.2f}%",
        Container=id,
        ID=id,
        MemPerc=f"{share:.2f}%",
        MemUsage=f"{binary_size(usage.memory)} / {binary_size(usage.memory_limit)}",
        Name=usage.info.name,
        NetIO=_pair(usage.network),
        PIDs=str(usage.pids),
    )


def _pair(numbers: tuple[int, int]) -> str:
    return f"{short_size(numbers[0])} / {short_size(numbers[1])}"
