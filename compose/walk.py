"""One walker for tables of path patterns, compiled to a trie.

A pattern is written ``services.*.ports.[].target``: ``*`` is any key, ``[]`` any index, everything else itself.
A table maps patterns to values (casts, rules, functions); the trie makes a walk cost one dictionary look-up per node
however long the table is.
"""

from __future__ import annotations

from schemas.typed import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


T = TypeVar("T")


class Trie(Generic[T]):
    """A node: what its children are and what the table says for the path that ends here."""

    __slots__ = ("children", "value")

    def __init__(self) -> None:
        self.children: dict[str, Trie[T]] = {}
        self.value: T | None = None

    def child(self, key: object) -> Trie[T] | None:
        """The node for a key (str) or an index (int), the exact name before the wildcard."""
        children = self.children
        if type(key) is int:
            return children.get("[]")
        return children.get(key) or children.get("*")  # type: ignore[call-overload]

    def at(self, path: tuple[str | int, ...]) -> T | None:
        """What the table says for a whole path."""
        node: Trie[T] | None = self
        for part in path:
            if node is None:
                return None
            node = node.child(part)
        return node.value if node is not None else None


def compile_patterns(table: Mapping[str, T]) -> Trie[T]:
    """The trie of a table of patterns."""
    root: Trie[T] = Trie()
    for pattern, value in table.items():
        node = root
        for part in pattern.split("."):
            node = node.children.setdefault(part, Trie())
        node.value = value
    return root


def deep_copy(value: Any) -> Any:
    """A copy of a tree of plain or marked mappings and lists; scalars are shared."""
    if isinstance(value, dict):
        new = value.__class__((key, deep_copy(item)) for key, item in value.items())
        marks = getattr(value, "at", None)
        if marks is not None:
            new.at = dict(marks)  # type: ignore[attr-defined]
        return new
    if isinstance(value, list):
        items = value.__class__(deep_copy(item) for item in value)
        marks = getattr(value, "at", None)
        if marks is not None:
            items.at = list(marks)  # type: ignore[attr-defined]
        return items
    return value
