"""What containers use, in the words of ``stats``."""

from __future__ import annotations

from compose.ops.stats import Usage
from compose.render import sparkline
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
_GRAPHS = {"CPUGraph": "CPU, LAST {} S", "MemGraph": "MEM, LAST {} S"}
CLEAR = "\033[2J\033[H"  # before each picture of a stream, as Docker does it


def fields(usage: Usage, *, whole: bool = False) -> Record:
    """What ``stats --format`` knows of a container."""
    id = usage.info.id if whole else short_id(usage.info.id)
    share = _share(usage)
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


class History:
    """The last values of each container, for the graphs of a live table."""

    def __init__(self, interval: float, *, plain: bool) -> None:
        self._plain = plain
        self._values: dict[str, list[tuple[float, float]]] = {}
        seconds = round(sparkline.WIDTH * interval)
        self.layout = Layout(
            (*LAYOUT.columns, *_GRAPHS),
            {**LAYOUT.headings, **{key: text.format(seconds) for key, text in _GRAPHS.items()}},
        )

    def add(self, usages: list[Usage]) -> None:
        """One picture more; who is in it no longer is forgotten."""
        self._values = {
            each.info.id: [*self._values.get(each.info.id, []), (each.cpu, _share(each))][
                -sparkline.WIDTH :
            ]
            for each in usages
        }

    def graphs(self, usage: Usage) -> Record:
        """The graphs of a container. That of the processor is as high as its busiest moment, one processor at least."""
        values = self._values.get(usage.info.id, [])
        busiest = max([100.0, *(cpu for cpu, _ in values)])
        draw = sparkline.sparkline
        return Record(
            CPUGraph=draw([cpu for cpu, _ in values], busiest, plain=self._plain),
            MemGraph=draw([share for _, share in values], 100.0, plain=self._plain),
        )


def _share(usage: Usage) -> float:
    return 100 * usage.memory / usage.memory_limit if usage.memory_limit else 0.0


def _pair(numbers: tuple[int, int]) -> str:
    return f"{short_size(numbers[0])} / {short_size(numbers[1])}"
