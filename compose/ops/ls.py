"""The projects on this machine, read off the labels of their containers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compose.ops.selection import ALIVE
from schemas import labels
from schemas.records import ContainerInfo
from schemas.typed import NamedTuple

if TYPE_CHECKING:
    from schemas.engine import Engine


class ProjectState(NamedTuple):
    name: str
    status: str  # "exited(1), running(3)"
    config_files: str


def projects(engine: Engine, *, all: bool = False) -> list[ProjectState]:
    """Every project with a running container; with ``all`` the stopped ones, too."""
    return summarise(engine.containers(labels={labels.PROJECT: ""}, all=all))


def summarise(containers: list[ContainerInfo]) -> list[ProjectState]:
    """Containers by project: how many in each state, and from which files."""
    groups: dict[str, list[ContainerInfo]] = {}
    for info in containers:
        groups.setdefault(info.labels[labels.PROJECT], []).append(info)
    return [
        ProjectState(name, _status(group), _files(group)) for name, group in sorted(groups.items())
    ]


def alive(state: ProjectState) -> bool:
    """Whether any of the project's containers runs."""
    return any(f"{word}(" in state.status for word in ALIVE)


def _status(group: list[ContainerInfo]) -> str:
    counts = Counter(info.state for info in group)
    return ", ".join(f"{state}({count})" for state, count in sorted(counts.items()))


def _files(group: list[ContainerInfo]) -> str:
    files: dict[str, None] = {}
    for info in group:
        for file in info.labels.get(labels.CONFIG_FILES, "").split(","):
            if file:
                files[file] = None
    return ",".join(files) or "N/A"
