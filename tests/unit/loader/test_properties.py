"""What holds for any input. PYCOMPOSE_FUZZ_RUNS raises the number of generated projects (see also tests/fuzz)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from compose.emit.gojson import go_json, to_json
from compose.emit.goyaml import to_yaml
from compose.loader import dotenv, template
from compose.loader.canonical.ports import parse_port
from compose.loader.canonical.volumes import parse_volume
from compose.loader.canonical.words import split_words
from compose.loader.faults import Fault
from compose.loader.marks import Map, Seq
from compose.loader.merge import merge
from compose.loader.unique import enforce
from compose.loader.yamltree import parse
from compose.text import duration_text, parse_bytes, parse_duration
from schemas.errors import ComposeFileError
from tests.fuzz.generate import files
from tests.fuzz.loader import attempt

RUNS = int(os.environ.get("PYCOMPOSE_FUZZ_RUNS", "150"))


def answer(function: Callable[[], Any], *errors: type[Exception]) -> Any:
    """What a function returns, or the error it raises."""
    try:
        return function()
    except errors as error:
        return error


few = settings(max_examples=100, deadline=None, database=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=RUNS, deadline=None, database=None)
@given(st.integers(min_value=1, max_value=1 << 60))
def test_any_project_is_answered_and_what_is_printed_loads_back_to_itself(seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        assert attempt(Path(directory), files(Random(seed))) in ("accepted", "refused")


@few
@given(TEXT)
def test_text_with_doubled_dollars_is_literal(text: str) -> None:
    assert template.substitute(text.replace("$", "$$"), {}.get, lambda _: None) == text


@few
@given(TEXT | st.text("$${}:-+?aA_1 \n", max_size=30))
def test_a_template_gives_text_or_says_why_not(text: str) -> None:
    result = answer(
        lambda: template.substitute(text, {"a": "x", "A": ""}.get, lambda _: None),
        template.InvalidTemplate,
        template.MissingRequired,
    )
    assert isinstance(result, str) or str(result)


@few
@given(TEXT | st.text("aA='\"\\$#{}:-_ \t\r\n\u00e9", max_size=40))
def test_a_file_of_variables_gives_variables_or_a_line_number(text: str) -> None:
    found = answer(lambda: dotenv.parse(text, {"a": "x"}.get, lambda _: None), dotenv.DotenvError)
    if isinstance(found, Exception):
        assert str(found).startswith("line ")
    else:
        assert all(isinstance(value, str) for value in found.values())


@few
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="'\\\r"), max_size=40))
def test_what_stands_in_single_quotes_is_literal(value: str) -> None:
    assert dotenv.parse(f"A='{value}'\nB=1\n", {}.get, lambda _: None) == {"A": value, "B": "1"}


@few
@given(st.binary(max_size=200))
def test_any_bytes_are_documents_or_a_clear_error(data: bytes) -> None:
    found = answer(lambda: parse(data, file="/x", number=0, shown="x"), ComposeFileError)
    assert isinstance(found, list) or found.message.startswith("x")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3),
    max_leaves=12,
)


@few
@given(st.dictionaries(TEXT, TREES, max_size=4))
def test_printed_yaml_reads_back_to_the_same_tree(tree: dict[str, Any]) -> None:
    text = to_yaml(tree)
    (document,) = parse(text, file="/x", number=0, shown="x")
    assert _numbers(document.tree) == _numbers(tree)


def _numbers(value: Any) -> Any:
    """Whole floats are printed as integers, as Go does."""
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return [_numbers(item) for item in value] if isinstance(value, list) else value


@few
@given(st.dictionaries(TEXT, TREES, max_size=4))
def test_printed_json_is_json(tree: dict[str, Any]) -> None:
    import json

    for text in (to_json(tree), go_json(tree)):
        assert _numbers(json.loads(text, parse_int=float)) == _numbers(tree)


@few
@given(st.integers(-(1 << 62), 1 << 62))
def test_a_duration_survives_its_text(nanoseconds: int) -> None:
    assert parse_duration(duration_text(nanoseconds)) == nanoseconds


@few
@given(st.integers(0, 1 << 40), st.sampled_from(["", "b", "k", "KB", "kib"]))
def test_a_size_counts_in_powers_of_two(number: int, unit: str) -> None:
    assert parse_bytes(f"{number}{unit}") == number * (1024 if "k" in unit.lower() else 1)


@few
@given(st.text("0189:-/[]. tcpudx", max_size=20))
def test_a_port_is_entries_or_an_error(text: str) -> None:
    found = answer(lambda: parse_port(text), ValueError)
    if isinstance(found, Exception):
        assert str(found)
    else:
        assert all(1 <= entry["target"] <= 65535 for entry in found)


@few
@given(st.text("/.~:abrowz, ${}", max_size=20))
def test_a_volume_is_an_entry_or_an_error(text: str) -> None:
    found = answer(lambda: parse_volume(text, ()), Fault)
    assert found.message if isinstance(found, Fault) else found["target"]


@few
@given(TEXT)
def test_a_command_is_words_or_an_error(text: str) -> None:
    found = answer(lambda: split_words(text), ValueError)
    if isinstance(found, Exception):
        assert str(found)
    else:
        assert all(isinstance(word, str) for word in found)


NAMES = st.sampled_from(["A", "B", "C"])
SERVICES = st.fixed_dictionaries(
    {},
    optional={
        "image": st.sampled_from(["i", "j"]),
        "command": st.lists(NAMES, max_size=2),
        "environment": st.lists(st.builds("{}={}".format, NAMES, NAMES), max_size=3),
        "labels": st.dictionaries(NAMES, NAMES, max_size=3),
        "ports": st.lists(st.sampled_from(["80:80", "81:81", "90"]), max_size=3),
        "cap_add": st.lists(NAMES, max_size=3),
        "networks": st.lists(NAMES, max_size=2, unique=True),
        "depends_on": st.dictionaries(NAMES, st.just({"condition": "service_started"}), max_size=2),
        "volumes": st.lists(st.sampled_from(["a:/a", "b:/a:ro", "c:/c"]), max_size=3),
        "devices": st.lists(st.sampled_from(["/a:/a", "/b:/a", "/c"]), max_size=3),
        "secrets": st.lists(NAMES, max_size=2, unique=True),
        "dns": st.lists(NAMES, max_size=2, unique=True),
        "env_file": st.lists(NAMES, max_size=2, unique=True),
        "ulimits": st.dictionaries(NAMES, st.integers(1, 3), max_size=2),
        "sysctls": st.dictionaries(NAMES, NAMES, max_size=2),
        "extra_hosts": st.lists(st.builds("{}={}".format, NAMES, NAMES), max_size=2, unique=True),
        "healthcheck": st.fixed_dictionaries({}, optional={"test": NAMES, "interval": NAMES}),
        "deploy": st.fixed_dictionaries(
            {}, optional={"mode": NAMES, "labels": st.dictionaries(NAMES, NAMES, max_size=2)}
        ),
        # Not with a driver: another driver drops the options before it, and so which pair comes first tells.
        "logging": st.fixed_dictionaries({"options": st.dictionaries(NAMES, NAMES, max_size=2)}),
        "x-note": NAMES,
    },
)


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return Map({key: _marked(item) for key, item in value.items()})
    if isinstance(value, list):
        return Seq([_marked(item) for item in value], [0] * len(value))
    return value


def _merged(*bodies: Any) -> Any:
    trees = [_marked({"services": {"s": body}}) for body in bodies]
    result = trees[0]
    for tree in trees[1:]:
        result = merge(result, tree)
        enforce(result)
    return result["services"]["s"]


@few
@given(SERVICES, SERVICES, SERVICES)
def test_merging_is_associative(first: Any, second: Any, third: Any) -> None:
    left = _merged(_merged(first, second), third)
    right = _merged(first, _merged(second, third))
    for body in (left, right):
        enforce({"services": {"s": body}})
    assert _sets(left) == _sets(right)


def _sets(body: dict[str, Any]) -> dict[str, Any]:
    """The order of variables that both sides set may differ; what they are set to may not."""
    for key in ("environment", "labels"):
        value = body.get(key)
        if isinstance(value, list):
            body = {**body, key: dict(item.split("=", 1) for item in value)}
    return body
