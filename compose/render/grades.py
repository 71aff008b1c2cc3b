"""How far a project is honoured, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from compose.ops.check import Grade
from compose.render.jsontext import dumps
from compose.render.table import table

_SAID = {"honoured": "honoured", "partial": "partial", "unsupported": "not honoured"}


def as_text(grades: Sequence[Grade]) -> str:
    """A table of all attributes and the verdict."""
    rows = [[grade.where, grade.path, _SAID[grade.grade], grade.reason] for grade in grades]
    count = {level: sum(grade.grade == level for grade in grades) for level in _SAID}
    verdict = ", ".join(f"{count[level]} {_SAID[level]}" for level in _SAID)
    text = table(["WHERE", "ATTRIBUTE", "GRADE", "REASON"], rows)
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join([*lines, "", f"{verdict}."]) + "\n"


def as_json(grades: Sequence[Grade], engine: str) -> str:
    """The engine's name and all grades."""
    listed = [grade._replace(grade=_SAID[grade.grade])._asdict() for grade in grades]
    return dumps({"engine": engine, "attributes": listed}, indent="  ") + "\n"
