"""What a prune took away, as Docker lists it."""

from __future__ import annotations

from collections.abc import Sequence

from compose.ops.pruning import Removed
from compose.render.text import human_size


def listing(found: Sequence[Removed]) -> str:
    """A paragraph for each kind of which something went, then the room that this gave."""
    parts = [f"{each.title}\n" + "".join(f"{line}\n" for line in each.lines) + "\n"
             for each in found if each.lines]  # fmt: skip
    return "".join(parts) + total(found)


def total(found: Sequence[Removed]) -> str:
    return f"Total reclaimed space: {human_size(sum(each.freed for each in found))}\n"
