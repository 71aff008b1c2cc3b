"""The engines' tables of grades: each has every attribute of the schema, and none besides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compose.backends import GRADED, grades_of

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "compose-schema.json").read_text()
)
BRANCHES = ("anyOf", "oneOf", "allOf")


def attributes(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The path of every property below a node of the schema; ``*`` for names and for items."""
    if "$ref" in node:
        yield from attributes(SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")], path)
    for branch in BRANCHES:
        for each in node.get(branch) or ():
            yield from attributes(each, path)
    for key, below in (node.get("properties") or {}).items():
        yield ".".join((*path, key))
        yield from attributes(below, (*path, key))
    entries = [
        below for key, below in (node.get("patternProperties") or {}).items() if key != "^x-"
    ]
    for key in ("additionalProperties", "items"):
        if isinstance(node.get(key), dict):
            entries.append(node[key])
    for below in entries:
        yield from attributes(below, (*path, "*"))


ATTRIBUTES = set(attributes(SCHEMA, ()))


def test_the_schema_has_the_attributes_that_it_should() -> None:
    assert len(ATTRIBUTES) == 353


@pytest.mark.parametrize("engine", GRADED)
def test_an_engine_grades_every_attribute_of_the_schema_and_no_other(engine: str) -> None:
    table = grades_of(engine).table
    assert sorted(ATTRIBUTES - table.keys()) == []
    assert sorted(table.keys() - ATTRIBUTES) == []


@pytest.mark.parametrize("engine", GRADED)
def test_what_is_not_honoured_says_why(engine: str) -> None:
    for path, support in grades_of(engine).table.items():
        assert support.level == "honoured" or support.reason, path


@pytest.mark.parametrize("engine", GRADED)
def test_nothing_is_honoured_below_what_is_not(engine: str) -> None:
    table = grades_of(engine).table
    for path, support in table.items():
        above = path.rpartition(".")[0].removesuffix(".*")
        if above in table and table[above].level == "unsupported":
            assert support.level == "unsupported", path


@pytest.mark.parametrize("engine", GRADED)
def test_questions_are_asked_about_attributes_of_the_table(engine: str) -> None:
    grades = grades_of(engine)
    assert grades.engine == engine
    assert set(grades.questions) <= grades.table.keys()


@pytest.mark.parametrize("engine", GRADED)
@pytest.mark.parametrize("value", [None, "", [], {}])
def test_what_says_nothing_is_honoured(engine: str, value: object) -> None:
    grades = grades_of(engine)
    assert all(grades.of(path, value).level == "honoured" for path in grades.table)
