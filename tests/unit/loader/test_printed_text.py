"""The text of ``config``: byte for byte what Docker Compose prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.emit import escape_dollars
from compose.emit.gojson import json_form, to_json
from compose.emit.goyaml import to_yaml
from compose.project import Project
from tests.unit.loader.support import project

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = yaml.load((HERE / "golden_text.yaml").read_text(), yaml.CSafeLoader)


def as_yaml(found: Project) -> str:
    return escape_dollars(to_yaml(found.tree))


def as_json(found: Project) -> str:
    return escape_dollars(to_json(json_form(found.tree)))


def test_values_are_printed_as_docker_compose_prints_them(tmp_path: Path) -> None:
    wrong = []
    for case in CASES:
        given = case["given"]
        found = project(tmp_path, f"x-foo: {given}\nservices:\n  s:\n    image: i\n")
        text = as_yaml(found)
        if text[text.index("\nx-foo") + 1 :] != case["yaml"]:
            wrong.append((given, text, case["yaml"]))
        text = as_json(found)
        start, end = text.index('"x-foo"'), text.rindex("}")
        if text[start:end].rstrip() != case["json"]:
            wrong.append((given, text, case["json"]))
        if "label" in case:
            body = f"services:\n  s:\n    image: i\n    labels:\n      a: {given}\n"
            text = as_yaml(project(tmp_path, body))
            start = text.index("    labels:\n") + len("    labels:\n")
            if text[start : text.index("    networks:\n")] != case["label"]:
                wrong.append((given, text, case["label"]))
    assert not wrong


def test_a_whole_project_as_yaml_and_json(tmp_path: Path) -> None:
    found = project(
        tmp_path,
        "services:\n  web:\n    image: 'i:<1>'\n    command: echo $$HOME\n    ports: ['80:80']\n    x-note: 1\n"
        "    blkio_config: {device_read_bps: [{path: /dev/sda, rate: 1mb}]}\nx-b: {z: 1, a: [1.5]}\n",
    )
    assert as_yaml(found) == (
        "name: p\n"
        "services:\n"
        "  web:\n"
        "    blkio_config:\n"
        "      device_read_bps:\n"
        "        - path: /dev/sda\n"
        '          rate: "1048576"\n'
        "    command:\n"
        "      - echo\n"
        "      - $$HOME\n"
        "    image: i:<1>\n"
        "    networks:\n"
        "      default: null\n"
        "    ports:\n"
        "      - mode: ingress\n"
        "        target: 80\n"
        '        published: "80"\n'
        "        protocol: tcp\n"
        "    x-note: 1\n"
        "networks:\n"
        "  default:\n"
        "    name: p_default\n"
        "x-b:\n"
        "  a:\n"
        "    - 1.5\n"
        "  z: 1\n"
    )
    text = as_json(found)
    assert text.startswith('{\n  "name": "p",\n  "networks": {\n    "default": {\n')
    assert '"image": "i:\\u003c1\\u003e"' in text
    assert '"Path": "/dev/sda",\n            "Rate": "1048576"' in text
    assert '"entrypoint": null' in text
    assert '"x-note"' not in text  # extensions of services are not in the JSON
    assert text.endswith('"x-b": {\n    "a": [\n      1.5\n    ],\n    "z": 1\n  }\n}')


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ('"\\na"', "|2-\n\n  a"),
        ('"\\n"', "|2+\n"),
        ('"a\\u2028b\\n"', '"a\\Lb\\n"'),
    ],
)
def test_text_that_docker_compose_garbles_is_printed_so_that_it_loads_back(
    value: str, printed: str, tmp_path: Path
) -> None:
    found = project(tmp_path, f"x-foo: {value}\nservices: {{s: {{image: i}}}}\n")
    text = as_yaml(found)
    assert text.endswith(f"\nx-foo: {printed}\n")
    assert project(tmp_path, text).tree == found.tree
