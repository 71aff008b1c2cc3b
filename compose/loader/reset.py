"""``!reset`` and ``!override``: what a later document takes away from the model gathered so far (compose-go reset)."""

from __future__ import annotations

from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


def apply(tree: Any, resets: tuple[KeyPath, ...]) -> None:
    """Remove the marked attributes, in place. List items are left alone, as the reference does."""
    for path in resets:
        node = tree
        for part in path[:-1]:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                break
        else:
            if isinstance(node, dict) and path:
                node.pop(path[-1], None)
