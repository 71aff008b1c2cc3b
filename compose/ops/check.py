"""How far what the files ask for is honoured: every attribute that a project uses, graded for each engine.

The grades are the engines' own (``schemas.grades``); this walks what the files write along the tables. An attribute that
has attributes of its own is reported by those that are written; entries of lists and of names, only where they are not
honoured. What an engine does not honour is not honoured below either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compose.loader import marks
from compose.loader.faults import shown_file
from compose.paths import KeyPath, show
from compose.project import LoadOptions, Project
from schemas.grades import HONOURED, Grades
from schemas.records import Support
from schemas.typed import NamedTuple

Supports = tuple[Support, ...]  # one for each engine


class Grade(NamedTuple):
    """An attribute's grades, in the order of the engines asked for."""

    path: str  # services.web.ports
    where: str  # compose.yaml:4:5
    supports: Supports


def grades(project: Project, options: LoadOptions, engines: Sequence[Grades]) -> list[Grade]:
    """Every attribute of the active services and of what they use, in the order of the files."""
    from compose.loader.evidence import Evidence
    from compose.loader.load import merged

    files, tree = merged(options, Evidence())
    found: list[tuple[int, Grade]] = []
    for path, supports in graded(project, tree, engines):
        position = marks.locate(tree, path) or 0
        number, line, column = marks.unpack(position)
        where = f"{shown_file(files.shared.numbers[number], options.cwd)}:{line}:{column}"
        found.append((position, Grade(show(path), where, supports)))
    found.sort(key=lambda item: item[0])
    return [grade for _, grade in found]


def graded(
    project: Project, tree: Mapping[str, Any], engines: Sequence[Grades]
) -> Iterator[tuple[KeyPath, Supports]]:
    """The grades of the attributes that ``tree`` writes."""
    return _Walker(engines).project(project, tree)


class _Walker:
    def __init__(self, engines: Sequence[Grades]) -> None:
        self.engines = engines
        # Below each pattern: the attributes it has, or "*" for entries that have some.
        self.below: dict[str, set[str]] = {}
        for engine in engines:
            for pattern in engine.table:
                parts = pattern.split(".")
                for end in range(1, len(parts)):
                    self.below.setdefault(".".join(parts[:end]), set()).add(parts[end])

    def project(
        self, project: Project, tree: Mapping[str, Any]
    ) -> Iterator[tuple[KeyPath, Supports]]:
        fine = (HONOURED,) * len(self.engines)
        for section, written in tree.items():
            pattern = f"{section}.*"
            if pattern not in self.below or not isinstance(written, Mapping):
                if section in self.engines[0].table:
                    yield (section,), self.grade(section, written, fine)
                continue
            for name, body in project.section(section).items():
                yield from self.attributes(
                    (section, name), pattern, written.get(name), body or {}, fine
                )

    def attributes(
        self, path: KeyPath, pattern: str, written: Any, value: Mapping[str, Any], above: Supports
    ) -> Iterator[tuple[KeyPath, Supports]]:
        """The attributes that are written below a path."""
        for key in written or ():
            if not key.startswith("x-"):
                yield from self.attribute(
                    (*path, key), f"{pattern}.{key}", written[key], value.get(key), above
                )

    def attribute(
        self, path: KeyPath, pattern: str, written: Any, value: Any, above: Supports
    ) -> Iterator[tuple[KeyPath, Supports]]:
        supports = self.grade(pattern, value, above)
        below = self.below.get(pattern, set())
        alive = any(support.level != "unsupported" for support in supports)
        if (
            alive
            and below - {"*"}
            and value
            and isinstance(written, Mapping)
            and isinstance(value, Mapping)
        ):
            if any(support.level == "partial" for support in supports):
                yield path, supports
            yield from self.attributes(path, pattern, written, value, supports)
            return
        yield path, supports
        if alive and "*" in below:
            for part, item in _entries(value):
                for found, inner in self.everything((*path, part), f"{pattern}.*", item, supports):
                    if any(
                        each.level != "honoured" and each is not over
                        for each, over in zip(inner, supports, strict=True)
                    ):
                        yield found, inner

    def everything(
        self, path: KeyPath, pattern: str, value: Any, above: Supports
    ) -> Iterator[tuple[KeyPath, Supports]]:
        """All that an entry says, whoever wrote it."""
        if not isinstance(value, Mapping):
            return
        for key, item in value.items():
            if not key.startswith("x-"):
                yield from self.attribute((*path, key), f"{pattern}.{key}", item, item, above)

    def grade(self, pattern: str, value: Any, above: Supports) -> Supports:
        return tuple(
            over if over.level == "unsupported" else engine.of(pattern, value)
            for engine, over in zip(self.engines, above, strict=True)
        )


def _entries(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
