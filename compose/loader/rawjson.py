"""JSON text → values by the interpreter's own scanner: the package around it loads ``re``, four milliseconds."""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def parse_json(text: str) -> Any:
    """The value of a JSON text without blanks around it, which must be one of our own."""
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text)
    rules: Any = _Rules
    return make_scanner(rules)(text, 0)[0]


class _Rules:
    """What ``json.JSONDecoder`` tells the scanner."""

    strict = True
    object_hook = object_pairs_hook = parse_constant = None
    parse_float = float
    parse_int = int
