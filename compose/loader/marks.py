"""Mappings and lists that remember where each entry was written.

A position is one integer (file number, line, column), so that keeping it through merges costs next to nothing. Code
that replaces a value by a plain mapping or list loses only the positions *inside* it: errors then point at the entry.
"""

from __future__ import annotations

from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDEST = 0xFFFFF  # the last column that a position can hold


def pack(file: int, line: int, column: int) -> int:
    """One integer for a position; line and column count from 1."""
    return (file << 48) | (line << 20) | min(column, WIDEST)


def unpack(position: int) -> tuple[int, int, int]:
    """(file number, line, column) of a packed position."""
    return position >> 48, (position >> 20) & 0xFFFFFFF, position & WIDEST


class Map(dict[str, Any]):
    """A mapping; ``at`` holds the position of each key."""

    __slots__ = ("at",)
    at: dict[str, int]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.at = {}

    def put(self, key: str, value: Any, position: int | None) -> None:
        """Set a value together with its position."""
        self[key] = value
        if position is not None:
            self.at[key] = position


class Seq(list[Any]):
    """A list; ``at`` holds the position of each item."""

    __slots__ = ("at",)
    at: list[int]

    def __init__(self, items: Iterable[Any] = (), at: Iterable[int] = ()) -> None:
        super().__init__(items)
        self.at = list(at)


def position_of(container: Any, key: str | int) -> int | None:
    """The position of an entry where it is known."""
    if isinstance(container, Map):
        return container.at.get(key)  # type: ignore[arg-type]
    if isinstance(container, Seq) and isinstance(key, int) and 0 <= key < len(container.at):
        return container.at[key]
    return None


def locate(root: Any, path: KeyPath) -> int | None:
    """The position of the deepest entry on a path that is known.

    A key that meets a list (``networks.back`` where the file has ``networks: [back]``) finds the item that names it.
    """
    node = root
    best: int | None = None
    for part in path:
        if isinstance(node, list) and isinstance(part, str):
            index = next((i for i, item in enumerate(node) if _names(item, part)), None)
            if index is None:
                break
            part = index
        found = position_of(node, part)
        if found is not None:
            best = found
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return best


def _names(item: Any, key: str) -> bool:
    if not isinstance(item, str):
        return False
    return item == key or item.startswith((f"{key}=", f"{key}:"))
