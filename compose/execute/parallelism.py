"""How many engine calls a command makes at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping

from schemas.errors import UsageError


def parallelism(flag: int, environ: Mapping[str, str] = os.environ) -> int:
    """How many engine calls at a time: --parallel, COMPOSE_PARALLEL_LIMIT, or 0 for no limit. UsageError."""
    if flag > 0:
        return flag
    text = environ.get("COMPOSE_PARALLEL_LIMIT", "")
    if flag == -1 and text:
        try:
            return max(int(text), 0)
        except ValueError:
            raise UsageError(
                f'COMPOSE_PARALLEL_LIMIT must be an integer (found: "{text}")'
            ) from None
    return 0
