"""What ``doctor`` found, for people and for programs."""

from __future__ import annotations

from compose.render.colour import paint
from compose.render.jsontext import dumps
from schemas.records import Finding

_GREEN, _YELLOW, _RED = "32", "33", "31"


def as_text(findings: list[Finding], *, colour: bool = False) -> str:
    """A line for each finding, its remedy below it, and the verdict."""
    width = max((len(each.name) for each in findings), default=0)
    lines = []
    for each in findings:
        mark, code = _mark(each)
        shown = paint(code, mark) if colour else mark
        lines.append(f"{shown} {each.name:<{width}}  {each.found}")
        if each.remedy:
            lines.append(f"  {'':<{width}}  → {each.remedy}")
    return "\n".join([*lines, "", _verdict(findings)]) + "\n"


def as_json(findings: list[Finding]) -> str:
    """All findings as one JSON array."""
    return dumps([each._asdict() for each in findings]) + "\n"


def _mark(finding: Finding) -> tuple[str, str]:
    if finding.ok:
        return "✔", _GREEN
    return ("✘", _RED) if finding.essential else ("!", _YELLOW)


def _verdict(findings: list[Finding]) -> str:
    lacking = [each.name for each in findings if not each.ok and each.essential]
    if lacking:
        return f"Containers cannot run here: {', '.join(lacking)}."
    lesser = [each.name for each in findings if not each.ok]
    if lesser:
        return f"Containers can run here, with less: {', '.join(lesser)}."
    return "Containers can run here."
