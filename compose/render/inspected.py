"""What ``inspect`` prints: an indented list, one line of JSON, or a template filled for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compose.render.jsontext import dumps
from compose.render.template import filler


def inspected(form: str, found: Sequence[Mapping[str, object]]) -> str:
    """The text for ``--format form`` ("": the indented list)."""
    if not form:
        return (dumps(list(found), indent="    ") if found else "[]") + "\n"
    if form == "json":
        return dumps(list(found)) + "\n"
    fill = filler(form)
    return "".join(f"{fill(each)}\n" for each in found)
