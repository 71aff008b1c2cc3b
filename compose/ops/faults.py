"""What is wrong with a project on this machine: found before anything is made, said with the place in the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from compose.paths import KeyPath, show
from schemas.errors import PycomposeError
from schemas.typed import NamedTuple

Where = Callable[[KeyPath], str]  # "compose.yaml:4:12", or "" when that is not known


class Fault(NamedTuple):
    """``path`` is the key that cannot be honoured."""

    path: KeyPath
    message: str
    hint: str = ""


def placed(fault: Fault, where: Where) -> str:
    """The fault as a line: where it is, which key, what is wrong."""
    place = where(fault.path)
    return f"{place + ': ' if place else ''}{show(fault.path)}: {fault.message}"


def refuse(faults: Iterable[Fault], where: Where) -> None:
    """Raise PycomposeError with a line for each fault; nothing when there is none."""
    lines = []
    hints: dict[str, None] = {}
    for fault in faults:
        lines.append(placed(fault, where))
        if fault.hint:
            hints[fault.hint] = None
    if lines:
        raise PycomposeError("\n".join(lines), hint="; ".join(hints) or None)
