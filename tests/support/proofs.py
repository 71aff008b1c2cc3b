"""Which attribute of the Compose language is proven by which test.

A test that looks from inside a container, or at the kernel, and would fail if the attribute did nothing, says so with
``@proves("services.cpus")``; a row of a module's table of ``Case`` says it with ``proves=``; a test that is somewhere else
already is named in ``tests/engine/attributes/elsewhere.py``. ``tests/unit/engine/test_proofs.py`` compares all of them
with what the specification has and with what the engine says it honours.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

TOP = Path(__file__).parents[2]
SCHEMA = TOP / "schemas" / "compose-schema.json"
_Test = TypeVar("_Test", bound=Callable[..., object])


class Case(NamedTuple):
    """A service of a table: what is written, what is run in it, and what that must say."""

    name: str
    proves: tuple[str, ...]
    body: str  # YAML lines of the service, beside image and command
    script: str  # for sh -c
    says: str | Callable[[str], object]  # all of the output, stripped, or what must be true of it
    v2: str | None = None  # what it says with cgroup version 2, where that differs
    beside: str = ""  # YAML of other services and sections


def proves(*attributes: str) -> Callable[[_Test], _Test]:
    """Mark a test as the proof of attributes: "services.cpus", "networks.ipam.config.subnet"."""

    def mark(test: _Test) -> _Test:
        return test

    return mark


@cache
def proven() -> dict[str, list[str]]:
    """Attribute → the tests that prove it, by node id; read from the sources, so that nothing is run or imported."""
    found: dict[str, list[str]] = {}
    for path in sorted((TOP / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        place = str(path.relative_to(TOP))
        for attribute, name in [*_decorated(tree), *_cases(tree)]:
            found.setdefault(attribute, []).append(f"{place}::{name}")
    return found


def defined(node: str) -> bool:
    """Whether the test "tests/…/test_x.py::test_name" is there."""
    place, _, name = node.partition("::")
    path = TOP / place
    if not path.is_file():
        return False
    return any(
        isinstance(each, ast.FunctionDef) and each.name == name
        for each in ast.parse(path.read_text()).body
    )


@cache
def attributes() -> tuple[str, ...]:
    """Every attribute that the schema has, as a dotted path; names that people choose are left out."""
    schema = json.loads(SCHEMA.read_text())
    return tuple(dict.fromkeys(_paths(schema, schema["$defs"], "")))


def _decorated(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _name(decorator.func) == "proves":
                for word in decorator.args:
                    yield ast.literal_eval(word), node.name


def _cases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "Case":
            named = {word.arg: word.value for word in node.keywords}
            positional = dict(zip(Case._fields, node.args, strict=False))
            given = {**positional, **named}
            for attribute in ast.literal_eval(given["proves"]):
                yield attribute, f"test_case[{ast.literal_eval(given['name'])}]"


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _paths(node: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, below in _members(node, definitions).items():
        yield f"{prefix}{name}"
        yield from _paths(below, definitions, f"{prefix}{name}.")


def _members(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The attributes of whatever mapping a node allows; a list of mappings, or a mapping of them, is seen through."""
    found: dict[str, dict[str, Any]] = {}
    if "$ref" in node:
        node = definitions[node["$ref"].removeprefix("#/$defs/")]
    found.update(node.get("properties", {}))
    inner = list(node.get("anyOf", ()))
    inner += [node[key] for key in ("items",) if key in node]
    inner += [below for key, below in node.get("patternProperties", {}).items() if key != "^x-"]
    if isinstance(node.get("additionalProperties"), dict):
        inner.append(node["additionalProperties"])
    for below in inner:
        found.update(_members(below, definitions))
    return found
