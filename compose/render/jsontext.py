"""JSON as Go's encoder writes it: compact, with <, > and & escaped."""

from __future__ import annotations

import json


def dumps(value: object, *, indent: str | None = None) -> str:
    """``value`` as JSON text."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, separators=separators, ensure_ascii=False, indent=indent)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
