"""What an engine does not honour of a project, by the same table that ``check`` prints: refused, or warned about by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compose.ops.check import graded
from compose.ops.faults import Fault
from compose.paths import KeyPath, show
from compose.project import Project
from schemas.grades import Grades

# Not honoured, but nothing of what a service does is lost without it: a warning is enough.
_BEARABLE = frozenset((
    "services.*.container_name", "services.*.cpu_count", "services.*.cpu_percent", "services.*.credential_spec",
    "services.*.develop", "services.*.isolation", "services.*.pull_refresh_after", "services.*.ports.*.host_ip",
))  # fmt: skip
# Honoured as far as it goes, and what is missing is no news at every command.
_KNOWN = frozenset((
    "services.*.depends_on", "services.*.network_mode", "services.*.pull_policy", "services.*.restart",
    "services.*.security_opt",
))  # fmt: skip


def unhonoured(
    project: Project, services: frozenset[str], grades: Grades
) -> tuple[list[Fault], list[str]]:
    """What must be refused, and the warnings about the rest, for these services and what they use."""
    faults: list[Fault] = []
    warnings: list[str] = []
    used = _used(project, services)
    for path, (support,) in graded(project, project.tree, (grades,)):
        if len(path) > 1 and (str(path[0]), str(path[1])) not in used:
            continue
        pattern = _pattern(path, grades)
        if support.level == "honoured" or pattern in _KNOWN:
            continue
        if support.level == "unsupported" and pattern not in _BEARABLE:
            faults.append(Fault(path, f"not honoured by engine {grades.engine}: {support.reason}"))
        else:
            warnings.append(f"{show(path)}: {support.reason}")
    for name in sorted(services):
        body = project.services[name]
        if not body.get("image"):
            place: KeyPath = ("services", name, "build") if "build" in body else ("services", name)
            faults.append(
                Fault(place, f"a service on engine {grades.engine} needs an image", _BUILD)
            )
    return faults, warnings


_BUILD = "give it image: REGISTRY/NAME:TAG, then build and push it (pycompose build --push) with an engine that builds"


def _used(project: Project, services: frozenset[str]) -> frozenset[tuple[str, str]]:
    """Sections and keys of the services and of what they refer to."""
    found: set[tuple[str, str]] = {("services", name) for name in services}
    for name in services:
        body: Mapping[str, Any] = project.services[name]
        found.update(("networks", key) for key in body.get("networks") or ())
        for section in ("secrets", "configs"):
            found.update((section, grant["source"]) for grant in body.get(section) or ())
        found.update(
            ("volumes", mount["source"])
            for mount in body.get("volumes") or ()
            if mount["type"] == "volume" and mount.get("source")
        )
    return frozenset(found)


def _pattern(path: KeyPath, grades: Grades) -> str:
    """The entry of the table that a path falls under: names and indexes as ``*``."""
    pattern = str(path[0])
    for part in path[1:]:
        below = f"{pattern}.{part}"
        pattern = below if below in grades.table else f"{pattern}.*"
    return pattern
