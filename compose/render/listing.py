"""Lists of Compose itself (``ls``, ``images``): a table with wide columns, or one JSON array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compose.render.jsontext import dumps
from compose.render.table import table
from schemas.errors import UsageError


def listing(
    form: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    records: Sequence[Mapping[str, object]],
) -> str:
    """The rows as a table, or the records as JSON; UsageError for another format."""
    if form in ("", "table", "pretty"):
        return table(header, rows, minimum=20)
    if form == "json":
        return dumps(list(records)) + "\n"
    raise UsageError(f'format value "{form}" could not be parsed: parsing failed')
