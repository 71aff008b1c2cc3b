"""Rows of named values, as ``--format`` templates see them."""

from __future__ import annotations

from typing import Any


class Record(dict[str, Any]):
    """A mapping that stands for a Go struct: printed as ``{a b}``, and asking for a field it lacks is an error."""
