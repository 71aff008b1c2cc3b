"""Columns as Go's tabwriter lays them out: every cell but the last is padded."""

from __future__ import annotations

from collections.abc import Sequence


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, minimum: int = 10, padding: int = 3
) -> str:
    """The lines of a table, each ended by a newline."""
    lines = [header, *rows] if header else list(rows)
    count = max((len(line) for line in lines), default=0)
    widths = [
        max(minimum, max(_width(line[column]) for line in lines) + padding)
        for column in range(count - 1)
    ]
    text = ""
    for line in lines:
        cells = [
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=False)
        ]
        text += "".join(cells) + line[-1] + "\n"
    return text


def _width(cell: str) -> int:
    return len(cell)
