"""Every attribute of the schema has a grade, and what is graded honoured is carried out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compose.ops import check
from compose.translate import limits, service
from engine import support

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "schemas" / "compose-schema.json").read_text()
)


def keys_of(section: str) -> list[str]:
    """The keys that one entry of a section may have."""
    [node] = SCHEMA["properties"][section]["patternProperties"].values()
    while "properties" not in node:
        if "anyOf" in node:
            node = next(each for each in node["anyOf"] if each.get("type") != "null")
        if "$ref" in node:
            node = SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return list(node["properties"])


SERVICE_KEYS = [key for key in keys_of("services") if key not in ("build", "deploy", "pull_policy")]


def grade(key: str) -> str:
    return (check._OWN.get(key) or support.SERVICE[key]).level


@pytest.mark.parametrize("key", SERVICE_KEYS)
def test_an_attribute_of_a_service_that_is_honoured_is_translated(key: str) -> None:
    carried_out = (
        key in service._SAME
        or key in service._ELSEWHERE
        or key in service._TRANSLATED
        or key in limits.KEYS
    )
    assert grade(key) == "unsupported" or carried_out


@pytest.mark.parametrize("section", ["secrets", "configs"])
def test_every_attribute_of_files_has_a_grade(section: str) -> None:
    assert set(keys_of(section)) <= check._FILES.keys()


@pytest.mark.parametrize(
    ("section", "table"), [("networks", support.NETWORK), ("volumes", support.VOLUME)]
)
def test_every_attribute_of_networks_and_volumes_has_a_grade(
    section: str, table: dict[str, Any]
) -> None:
    assert set(keys_of(section)) <= {*table, "name", "external"}


def test_hooks_are_honoured_and_what_is_for_windows_is_not() -> None:
    for key in ("pre_start", "post_start", "pre_stop"):
        assert grade(key) == "honoured"
    for key in ("cpu_count", "cpu_percent", "credential_spec", "isolation"):
        assert grade(key) == "unsupported"
