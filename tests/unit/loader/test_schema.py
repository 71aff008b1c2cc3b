"""The schema: in step with the models, with the specification's count of attributes, and with what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compose.loader.shape_tables import SECTIONS, STRUCTURES

SCHEMA_FILE = Path(__file__).parents[3] / "schemas" / "compose-schema.json"
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())

# Members of the specification that are not mappings in its schema, or that stand in two places; see ``count``.
SERVICE_KEYS = 93
TOP_LEVEL_KEYS = 9


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return resolved(SCHEMA["$defs"][node["$ref"].removeprefix("#/$defs/")])
    return node


def alternatives(node: dict[str, Any]) -> list[dict[str, Any]]:
    node = resolved(node)
    return [node, *(each for branch in node.get("anyOf", ()) for each in alternatives(branch))]


def members(node: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The attributes of whatever mapping a node allows, lists and mappings to it included."""
    found: dict[str, dict[str, Any]] = {}
    for each in alternatives(node):
        found.update(each.get("properties", {}))
        inner = [each[key] for key in ("items",) if key in each]
        inner += [below for key, below in each.get("patternProperties", {}).items() if key != "^x-"]
        if isinstance(each.get("additionalProperties"), dict):
            inner.append(each["additionalProperties"])
        for below in inner:
            found.update(members(below))
    return found


def paths(node: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, below in members(node).items():
        found.append(f"{prefix}{name}")
        found += paths(below, f"{prefix}{name}.")
    return found


def test_the_schema_is_what_the_models_say() -> None:
    from schemas.compose import export

    assert SCHEMA_FILE.read_text() == export.text()


def test_every_attribute_of_the_specification_is_known() -> None:
    service = SCHEMA["$defs"]["Service"]
    assert len(service["properties"]) == SERVICE_KEYS
    known = list(SCHEMA["properties"])
    assert len(known) == TOP_LEVEL_KEYS
    assert len(paths(SCHEMA)) >= 353


@pytest.mark.parametrize(
    ("name", "structure"),
    [
        ("Service", "service"), ("Build", "build"), ("Deploy", "deploy"), ("Healthcheck", "healthcheck"),
        ("Attachment", "attachment"), ("Port", "port"), ("VolumeMount", "volume_mount"), ("Network", "network"),
        ("Volume", "volume"), ("Secret", "secret"), ("Config", "config"), ("Model", "model"), ("Hook", "hook"),
        ("PreStart", "pre_start"), ("Trigger", "trigger"), ("BlockIo", "blkio"), ("Device", "device"),
        ("Dependency", "dependency"), ("Logging", "logging"), ("Provider", "provider"), ("Pool", "pool"),
        ("Ipam", "ipam"), ("BindOptions", "bind"), ("VolumeOptions", "volume_options"),
        ("TmpfsOptions", "tmpfs_options"), ("ImageOptions", "image_options"), ("Mount", "mount"),
        ("UpdateConfig", "update"), ("RestartPolicy", "restart_policy"), ("Placement", "placement"),
        ("DeviceRequest", "request"), ("Credentials", "credential"), ("ServiceModel", "service_model"),
    ],
)  # fmt: skip
def test_what_may_be_written_is_printed(name: str, structure: str) -> None:
    printed = {item.partition(":")[0] for item in STRUCTURES[structure].split()}
    assert set(SCHEMA["$defs"][name]["properties"]) <= printed


def test_every_section_of_a_file_is_printed() -> None:
    assert set(SECTIONS) | {"name", "include", "version"} == set(SCHEMA["properties"])


def test_extensions_may_stand_in_every_structure() -> None:
    for name, body in SCHEMA["$defs"].items():
        if "properties" in body:
            assert "^x-" in body["patternProperties"], name
            assert body["additionalProperties"] is False, name


def test_attributes_are_described_for_editors() -> None:
    for name, body in SCHEMA["$defs"].items():
        assert body.get("description") or "properties" not in body, name
