"""The Compose schema in the shape that the validating walker reads fast: each part is made when it is first needed."""

from __future__ import annotations

import os

from compose.loader.rawjson import parse_json
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Matcher = Callable[[str], bool]
    _Raw = dict[str, Any]

_SCHEMA = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    "schemas",
    "compose-schema.json",
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NAME = frozenset(f"{_LETTERS}{_LETTERS.upper()}0123456789._-")
_MATCHERS: dict[str, Matcher] = {
    "^x-": lambda text: text.startswith("x-"),
    ".+": bool,
    "^[a-zA-Z0-9._-]+$": lambda text: bool(text) and _NAME.issuperset(text),
}
_READ: _Raw = {}  # the document, once it is read
_ROOT: list[Node] = []
_SCALARS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", type(None): "null"}
_PYTHON = {kind: type_ for type_, kind in _SCALARS.items()}


class _Below(dict[str, "Node | None"]):
    """What the value of each key must be, found at its first look-up; None where the key is not allowed."""

    def __init__(
        self, properties: _Raw, patterns: list[tuple[Matcher, Node]], rest: Node | None
    ) -> None:
        super().__init__()
        self.properties = properties
        self.patterns = patterns
        self.rest = rest

    def __missing__(self, key: str) -> Node | None:
        raw = self.properties.get(key)
        if raw is not None:
            found: Node | None = Node(raw)
        else:
            found = next((node for matches, node in self.patterns if matches(key)), self.rest)
            if not key and found is not None and not found.anything:
                found = None  # a mapping of names has no empty one
        self[key] = found
        return found


class Node:
    """One schema: ``types`` allowed kinds, ``branches`` alternatives by kind, and the rules of each kind.

    ``fine`` holds the Python types of which every value is valid.
    """

    __slots__ = (
        "allowed", "anything", "below", "branches", "fine", "items", "least", "limited", "matches", "most",
        "one_of_keys", "pattern", "required", "said", "types", "unique",
    )  # fmt: skip

    def __init__(self, raw: _Raw) -> None:
        raw = _resolved(raw)
        self.anything = not raw
        types = _types(raw)
        self.said = types
        self.types = frozenset((*types, "integer") if "number" in types else types) or None
        self.one_of_keys: tuple[str, ...] = ()
        self.branches: dict[str, list[Node]] | None = None
        self._alternatives(raw.get("anyOf", ()))
        patterns = [
            (_matcher(pattern), Node(below))
            for pattern, below in raw.get("patternProperties", {}).items()
        ]
        rest = raw.get("additionalProperties", True) if raw else False
        self.below = _Below(
            raw.get("properties", {}),
            patterns,
            None if rest is False else Node({} if rest is True else rest),
        )
        self.required: tuple[str, ...] = tuple(raw.get("required", ()))
        self.items: Node | None = Node(raw["items"]) if "items" in raw else None
        self.unique: bool = raw.get("uniqueItems", False)
        self.allowed: list[Any] | None = raw.get("enum") or (
            [raw["const"]] if "const" in raw else None
        )
        self.pattern: str | None = raw.get("pattern")
        self.matches = _matcher(self.pattern) if self.pattern else None
        self.least: float | None = raw.get("minimum")
        self.most: float | None = raw.get("maximum")
        self.limited = any(
            rule is not None for rule in (self.allowed, self.pattern, self.least, self.most)
        )
        self.fine = frozenset(
            type_ for type_, kind in _SCALARS.items() if not self.limited and self._takes_all(kind)
        )

    def _takes_all(self, kind: str) -> bool:
        """Whether every scalar of a kind is valid, limits not considered."""
        if self.types is not None and kind not in self.types:
            return False
        return self.branches is None or any(
            _PYTHON[kind] in branch.fine for branch in self.branches.get(kind, ())
        )

    def _alternatives(self, raw: list[_Raw]) -> None:
        branches: dict[str, list[Node]] = {}
        for each in raw:
            if "required" in each and "type" not in each:
                self.one_of_keys += tuple(each["required"])
                continue
            node = Node(each)
            for kind in node.types or ():
                branches.setdefault(kind, []).append(node)
        if branches:
            self.branches = branches


def _types(raw: _Raw) -> tuple[str, ...]:
    types = raw.get("type")
    if types is not None:
        return (types,) if isinstance(types, str) else tuple(types)
    if "enum" in raw or "const" in raw:
        return ("string",)
    inner = [kind for each in raw.get("anyOf", ()) for kind in _types(_resolved(each))]
    return tuple(dict.fromkeys(inner))


def _document() -> _Raw:
    if not _READ:
        with open(_SCHEMA, encoding="utf-8") as file:
            _READ.update(parse_json(file.read()))
    return _READ


def _resolved(raw: _Raw) -> _Raw:
    if "$ref" not in raw:
        return raw
    definitions: _Raw = _document()["$defs"]
    found: _Raw = definitions[raw["$ref"].removeprefix("#/$defs/")]
    return found


def _matcher(pattern: str) -> Matcher:
    """Whether a text matches; the patterns that occur most need no regular expression."""
    known = _MATCHERS.get(pattern)
    if known is not None:
        return known
    import re

    search = re.compile(pattern.replace("$", r"\Z")).search
    return lambda text: search(text) is not None


def root() -> Node:
    """The schema of a whole file."""
    if not _ROOT:
        _ROOT.append(Node(_document()))
    return _ROOT[0]
