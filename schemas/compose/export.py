"""The models → ``schemas/compose-schema.json``: run ``python -m schemas.compose.export`` after changing a model.

A Compose file's JSON schema without pydantic's trimmings: nulls only where a file may really leave a value out, simple
unions as type lists. The loader's walker understands exactly the keywords that occur here.
"""

from __future__ import annotations

import json
import os
from typing import Any

from schemas.compose import project
from schemas.compose.scalars import Section

TARGET = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "compose-schema.json"
)
_EXTENSION = "^x-"


def schema() -> dict[str, Any]:
    """The JSON schema of a Compose file."""
    raw = project.ComposeFile.model_json_schema()
    definitions = raw.pop("$defs")
    models = {model.__name__: model for model in _models(Section)}
    result: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Compose file",
        **_section(raw, project.ComposeFile),
    }
    result["$defs"] = {
        name: _section(body, models[name]) for name, body in sorted(definitions.items())
    }
    reservation = result["$defs"]["DeviceReservation"]
    reservation["anyOf"] = [{"required": ["capabilities"]}, {"required": ["driver"]}]
    return result


def text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _models(base: type[Section]) -> list[type[Section]]:
    found: list[type[Section]] = []
    for model in base.__subclasses__():
        found += [model, *_models(model)]
    return found


def _section(body: dict[str, Any], model: type[Section]) -> dict[str, Any]:
    properties = {
        key: _clean(value, null=key in model.nullable())
        for key, value in body["properties"].items()
    }
    result: dict[str, Any] = {"type": "object"}
    if body.get("description"):
        result["description"] = body["description"]
    result["properties"] = properties
    if body.get("required"):
        result["required"] = body["required"]
    result["patternProperties"] = {_EXTENSION: {}}
    result["additionalProperties"] = False
    return result


def _clean(node: Any, *, null: bool) -> Any:
    """A value's schema without titles, defaults and unwanted nulls."""
    if not isinstance(node, dict):
        return node
    node = {key: value for key, value in node.items() if key not in ("title", "default")}
    if "anyOf" in node:
        branches = [
            _clean(branch, null=True)
            for branch in node.pop("anyOf")
            if null or branch != {"type": "null"}
        ]
        if len(branches) == 1:
            return {**branches[0], **node}
        if all(set(branch) == {"type"} for branch in branches):
            node["type"] = [branch["type"] for branch in branches]
        else:
            node["anyOf"] = branches
        return node
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            node[key] = _clean(node[key], null=True)
    if "patternProperties" in node:
        node["patternProperties"] = {
            pattern: _clean(value, null=True)
            for pattern, value in node["patternProperties"].items()
        }
        node["additionalProperties"] = False
    return node


def main() -> None:
    """Write the file."""
    with open(TARGET, "w", encoding="utf-8") as file:
        file.write(text())


if __name__ == "__main__":
    main()
