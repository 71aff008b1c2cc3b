"""Validation of a merged tree against ``schemas/compose-schema.json``, by a walker that knows key paths.

It understands the keywords that occur in that file (JSON Schema 2020-12 subset) and reports all faults at once; pydantic,
from whose models the file is generated, would cost more than the whole rest of a load.
"""

from __future__ import annotations

from compose.loader.faults import Fault, meant
from compose.loader.schema_nodes import Node, root
from compose.paths import KeyPath
from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    _Link = Any  # a key path while walking: () or (link to the parent, key); flattened when a fault is found

_KINDS: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    dict: "object",
    list: "array",
    type(None): "null",
}
_SAID = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "null": "null",
}


_SHAPES = {  # of a value that a regular expression describes, for people
    "always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+": (
        "must be always, never, build, missing, if_not_present, refresh, daily, weekly or every_<duration>"
    ),
}


def validate(tree: Any, faults: list[Fault], *, interpolated: bool) -> None:
    """Note everything in the tree that the schema forbids.

    With interpolation off a ``${…}`` may stand for any scalar, so strings that hold a dollar always pass.
    """
    _check(tree, root(), (), faults, not interpolated)


def _fault(link: _Link, message: str) -> Fault:
    path: list[str | int] = []
    while link:
        link, key = link
        path.append(key)
    return Fault(tuple(reversed(path)), message)


def _kind(value: Any) -> str:
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    return "string"


def _check(value: Any, node: Node, link: _Link, faults: list[Fault], lenient: bool) -> None:
    if node.anything:
        _finite(value, link, faults)
        return
    if lenient and type(value) is str and "$" in value:
        return
    kind = _kind(value)
    if node.types is not None and kind not in node.types:
        faults.append(_fault(link, _must_be(node.said)))
        return
    if node.one_of_keys and not any(key in value for key in node.one_of_keys):
        faults.append(_fault(link, f"{' or '.join(node.one_of_keys)} is required"))
        return
    if node.branches is not None and not _branch(value, node, kind, link, faults, lenient):
        return
    if kind == "object":
        _object(value, node, link, faults, lenient)
    elif kind == "array":
        _array(value, node, link, faults, lenient)
    elif node.limited:
        _scalar(value, node, link, faults)
    elif isinstance(value, float):
        _finite(value, link, faults)


def _branch(
    value: Any, node: Node, kind: str, link: _Link, faults: list[Fault], lenient: bool
) -> bool:
    """Whether some branch takes the value; the faults of the branch meant for its type otherwise."""
    assert node.branches is not None
    fitting = node.branches.get(kind, ())
    if not fitting:
        faults.append(_fault(link, _must_be(node.said)))
        return False
    best: list[Fault] | None = None
    for branch in fitting:
        found: list[Fault] = []
        _check(value, branch, link, found, lenient)
        if not found:
            return True
        if best is None or len(found) < len(best):
            best = found
    faults.extend(best or ())
    return False


def _must_be(types: tuple[str, ...]) -> str:
    said = [_SAID[name] for name in types if name != "null" or len(types) == 1]
    return f"must be {' or '.join(dict.fromkeys(said))}"


def _object(value: Any, node: Node, link: _Link, faults: list[Fault], lenient: bool) -> None:
    expected = node.below
    for key, item in value.items():
        below = expected[key]
        if below is None:
            fault = _fault((link, key), f"additional property {key} is not allowed")
            fault.hint = meant(key, expected.properties, "" if link else _misplaced(item))
            faults.append(fault)
        elif type(item) not in below.fine:
            _check(item, below, (link, key), faults, lenient)
    if node.required:
        missing = [key for key in node.required if key not in value]
        faults.extend(_fault(link, f"{key} is required") for key in missing)


def _misplaced(value: Any) -> str:
    """What to say of a top-level entry that looks like a service."""
    service = isinstance(value, dict) and ("image" in value or "build" in value)
    return ", services stand below `services:`" if service else ""


def _array(value: Any, node: Node, link: _Link, faults: list[Fault], lenient: bool) -> None:
    if node.items is not None:
        for index, item in enumerate(value):
            if type(item) not in node.items.fine:
                _check(item, node.items, (link, index), faults, lenient)
    if node.unique and len(value) > 1:
        _unique(value, link, faults)


def _unique(value: list[Any], link: _Link, faults: list[Fault]) -> None:
    seen: dict[Any, int] = {}
    for index, item in enumerate(value):
        key = item
        if type(item) is not str:
            from json import dumps

            key = (dumps(item, sort_keys=True, default=str),)
        before = seen.setdefault(key, index)
        if before != index:
            faults.append(_fault((link, index), f"array items[{before},{index}] must be unique"))


def _finite(value: Any, link: _Link, faults: list[Fault]) -> None:
    """What the schema leaves open must still be something that JSON can say."""
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            faults.append(_fault(link, "must be a finite number"))
    elif isinstance(value, dict):
        for key, item in value.items():
            _finite(item, (link, key), faults)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _finite(item, (link, index), faults)


def _scalar(value: Any, node: Node, link: _Link, faults: list[Fault]) -> None:
    allowed = node.allowed
    if allowed is not None and value not in allowed:
        shown = ", ".join(str(item) for item in allowed)
        many = "must be one of the following: " if len(allowed) > 1 else "must be "
        faults.append(_fault(link, many + shown))
    if node.matches is not None and isinstance(value, str) and not node.matches(value):
        said = _SHAPES.get(node.pattern or "") or f"does not match pattern '{node.pattern}'"
        faults.append(_fault(link, said))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _finite(value, link, faults)
        if node.least is not None and value < node.least:
            faults.append(_fault(link, f"must be greater than or equal to {node.least}"))
        if node.most is not None and value > node.most:
            faults.append(_fault(link, f"must be less than or equal to {node.most}"))


__all__ = ["KeyPath", "validate"]
