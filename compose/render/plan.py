"""A plan for people: the table that --dry-run prints, and what ``plan`` says, with causes and fields, as text or JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from compose.plan.actions import Plan, RenameContainer, Step, WaitFor
from compose.render.table import table

if TYPE_CHECKING:
    from compose.ops.explain import Explained
    from compose.plan.fields import Change

_WORD = re.compile(r"(?<!^)(?=[A-Z])")
# How a step is marked, and the colour of it: something comes, goes, gives way to a successor, or else happens.
_COMES, _GOES, _TURNS, _DOES, _WAITS = "+", "-", "~", ">", "."
_COLOURS = {_COMES: "32", _GOES: "31", _TURNS: "33", _DOES: "36", _WAITS: "2"}
_WIDTH = 96  # of a value that is shown; the rest is left to --format json


def plan_table(plan: Plan) -> str:
    """A line a step: number, what is done, to what, after which steps, and why."""
    if not plan.steps:
        return "Nothing to do.\n"
    rows = [
        (str(step.id), _verb(step), _object(step), ",".join(map(str, step.after)), step.cause)
        for step in plan.steps
    ]
    return table(("STEP", "ACTION", "OF", "AFTER", "BECAUSE"), rows, minimum=0)


def explained_text(explained: Explained, *, colour: bool) -> str:
    """The plan as a person reads it: every step with its mark and cause, below it what differs, and a sum at the end."""
    from compose.render.colour import paint

    plan = explained.plan
    lines = [f"   {line}" for line in map(_supplied, explained.supplies)]
    if not plan.steps:
        head = "Nothing to do" if not explained.work else "Nothing to do but this"
        lines.append(f"{head}: project {explained.project} is as its files want it.\n")
        return "\n".join(lines)
    rows = [(str(step.id), _mark(step), _verb(step), _object(step)) for step in plan.steps]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    indent = " " * (widths[0] + 5)
    for step, row in zip(plan.steps, rows, strict=True):
        number, mark, verb, subject = row
        line = f"{mark} {verb:<{widths[2]}}  {subject:<{widths[3]}}"
        after = f"  (after {','.join(map(str, step.after))})" if step.after else ""
        if colour:
            line, after = paint(_COLOURS[mark], line), paint("2", after) if after else ""
        lines.append(f"{number:>{widths[0]}} {line}  {step.cause}{after}")
        lines += [
            f"{indent}{_changed(change, colour=colour)}"
            for change in explained.changes.get(step.id, ())
        ]
    return "\n".join((*lines, "", _sum(plan), ""))


def explained_json(explained: Explained) -> str:
    """The same for programs, as one JSON document."""
    from compose.render.jsontext import dumps

    return (
        dumps(
            {
                "project": explained.project,
                "engine": explained.engine,
                "changes": explained.work,
                "supplies": [supply._asdict() for supply in explained.supplies],
                "steps": [
                    {
                        "id": step.id,
                        "action": _verb(step),
                        "subject": step.action.subject,
                        "service": getattr(step.action, "service", ""),
                        "after": list(step.after),
                        "cause": step.cause,
                        "group": step.group,
                        "fields": [
                            change._asdict() for change in explained.changes.get(step.id, ())
                        ],
                    }
                    for step in explained.plan.steps
                ],
                "warnings": list(explained.plan.warnings),
            },
            indent="  ",
        )
        + "\n"
    )


def _verb(step: Step) -> str:
    words: str = getattr(step.action, "words", "")
    return words or _WORD.sub(" ", type(step.action).__name__).lower()


def _object(step: Step) -> str:
    if isinstance(step.action, WaitFor):
        return f"{step.action.service} ({step.action.condition})"
    if isinstance(step.action, RenameContainer):
        return f"{step.action.name} to {step.action.to}"
    return step.action.subject.partition(" ")[2]


def _mark(step: Step) -> str:
    verb = _verb(step).partition(" ")[0]
    if step.group or verb == "update":
        return _TURNS
    return {"create": _COMES, "remove": _GOES, "wait": _WAITS}.get(verb, _DOES)


def _supplied(supply: Any) -> str:
    again = " (looked for again: what comes of it is not known before)" if supply.here else ""
    return f"{_DOES} {supply.kind} image  {supply.reference}  for service {supply.service}{again}"


def _changed(change: Change, *, colour: bool) -> str:
    from compose.render.colour import paint

    old, new = _shown(change.old), _shown(change.new)
    if colour:
        old, new = paint("31", old), paint("32", new)
    if change.old is None:
        return f"{change.field}: {new} is new"
    if change.new is None:
        return f"{change.field}: {old} is gone"
    return f"{change.field}: {old} → {new}"


def _shown(value: Any) -> str:
    from compose.render.jsontext import dumps

    text = dumps(value)
    if isinstance(value, str) and value.startswith("sha256:"):
        text = value[:19]
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _sum(plan: Plan) -> str:
    """ "3 steps: 1 container to replace, 2 networks to create"."""
    counts: dict[tuple[str, str], set[str]] = {}
    for step in plan.steps:
        verb, _, noun = _verb(step).partition(" ")
        if step.group:
            counts.setdefault(("replace", noun), set()).add(step.group)
        elif verb in ("create", "update", "start", "stop", "remove", "restart"):
            counts.setdefault((verb, noun), set()).add(step.action.subject)
    parts = [
        f"{len(subjects)} {noun}{'s' * (len(subjects) != 1)} to {verb}"
        for (verb, noun), subjects in counts.items()
    ]
    return f"{_count(plan.steps)}: {', '.join(parts)}" if parts else _count(plan.steps)


def _count(steps: Sequence[Step]) -> str:
    return f"{len(steps)} step{'s' * (len(steps) != 1)}"
