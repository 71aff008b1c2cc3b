"""How far a project is honoured, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from compose.ops.check import Grade, Supports
from compose.render.jsontext import dumps
from compose.render.table import table

_SAID = {"honoured": "honoured", "partial": "partial", "unsupported": "not honoured"}


def as_text(grades: Sequence[Grade], engines: Sequence[str]) -> str:
    """A table of all attributes with a column for each engine, and the verdicts."""
    one = len(engines) == 1
    header = ["WHERE", "ATTRIBUTE", *(["GRADE"] if one else map(str.upper, engines)), "REASON"]
    rows = [
        [
            grade.where,
            grade.path,
            *(_SAID[support.level] for support in grade.supports),
            grade.supports[0].reason if one else _reasons(grade.supports, engines),
        ]
        for grade in grades
    ]
    text = table(header, rows)
    lines = [line.rstrip() for line in text.splitlines()]
    verdicts = [
        ("" if one else f"{engine}: ") + _verdict(grades, index)
        for index, engine in enumerate(engines)
    ]
    return "\n".join([*lines, "", *verdicts]) + "\n"


def as_json(grades: Sequence[Grade], engines: Sequence[str]) -> str:
    """All attributes with the grade of each engine."""
    listed = [
        {
            "path": grade.path,
            "where": grade.where,
            "grades": {
                engine: {"grade": _SAID[support.level], "reason": support.reason}
                for engine, support in zip(engines, grade.supports, strict=True)
            },
        }
        for grade in grades
    ]
    return dumps({"engines": list(engines), "attributes": listed}, indent="  ") + "\n"


def _reasons(supports: Supports, engines: Sequence[str]) -> str:
    """Each reason once, after the engines that give it."""
    by_reason: dict[str, list[str]] = {}
    for engine, support in zip(engines, supports, strict=True):
        if support.reason:
            by_reason.setdefault(support.reason, []).append(engine)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items())


def _verdict(grades: Sequence[Grade], index: int) -> str:
    levels = [grade.supports[index].level for grade in grades]
    return ", ".join(f"{levels.count(level)} {said}" for level, said in _SAID.items()) + "."  # type: ignore[arg-type]
