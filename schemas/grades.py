"""How far an engine honours the Compose language: the form of the table that each engine owns.

An attribute's path is the schema's, with ``*`` where a file has a name or an index: ``services.*.ports.*.protocol``. A table
has an entry for every attribute of the schema. Where the value decides, a question answers for the path. What stands below
an attribute that is not honoured is not honoured either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.records import Support
from schemas.typed import NamedTuple

HONOURED = Support("honoured")
Question = Callable[[Any], Support]  # of the value in its long form


class Grades(NamedTuple):
    """One engine's table."""

    engine: str
    table: Mapping[str, Support]
    questions: Mapping[str, Question]

    def of(self, pattern: str, value: object) -> Support:
        """The grade of an attribute with a value. What says nothing need not be honoured."""
        if value in (None, "", [], {}):
            return HONOURED
        question = self.questions.get(pattern)
        if question is not None:
            return question(value)
        if value is False:
            return HONOURED
        return self.table.get(pattern) or Support("unsupported", "unknown to this engine")


def honoured(groups: Mapping[str, str]) -> dict[str, Support]:
    """Entries of a table for what is honoured without a word: the attributes below each path."""
    return {
        f"{path}.{key}" if path else key: HONOURED
        for path, keys in groups.items()
        for key in keys.split()
    }


def below(path: str, entries: Mapping[str, Support]) -> dict[str, Support]:
    """Entries of a table: those of the attributes below a path."""
    return {f"{path}.{key}": support for key, support in entries.items()}


def every(support: Support, groups: Mapping[str, str]) -> dict[str, Support]:
    """Entries of a table that are the same for all attributes below the paths."""
    return dict.fromkeys(honoured(groups), support)
