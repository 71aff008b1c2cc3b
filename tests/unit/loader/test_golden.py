"""Golden trees: what a file gives, and what ``config`` makes of it.

The files in ``golden`` hold one attribute each, those in ``golden_projects`` whole projects. What they expect was printed by
Docker Compose 2.26.1 for the same input; where it refuses a file, the message is ours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.loader.evidence import Evidence
from compose.loader.load import load
from compose.loader.select import with_services
from schemas.errors import PycomposeError
from tests.unit.loader.support import as_json, options, write

HERE = Path(__file__).parent
COMMON = (HERE / "golden_common.yaml").read_text()
ATTRIBUTES = sorted((HERE / "golden").glob("*.yaml"))
PROJECTS = sorted((HERE / "golden_projects").glob("*.yaml"))
BESIDE = {
    "e.env": "A=1\nB='two $SET'\nC=\"three ${SET}\"\nD=${A}x\nexport E=5\n# c\nF=a #b\nG=a#b\nSET\nUNSETX\nH: 8\n",
    "f.env": "A=9\nZ=${B}\n",
    "l.labels": 'l1=x\nl2="y $SET"\n',
    "base.yaml": (
        "services:\n  b:\n    image: bi\n    build: ./ctx\n    volumes: [./data:/data]\n    env_file: be.env\n"
        "    environment: {X: '1'}\n  b2:\n    image: bi\n    command: x\n    ports: ['80:80']\n    environment: [X=1, Y]\n"
    ),
    "be.env": "BE=1\n",
    "sub/base.yaml": (
        "services:\n  b:\n    image: bi\n    build: ./ctx\n    volumes: [./data:/data, ../up:/up]\n"
        "    extends: {service: c, file: more.yaml}\n"
    ),
    "sub/more.yaml": "services:\n  c:\n    labels: [m=1]\n    volumes: [./m:/m]\n",
}


def cases(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.load(path.read_text(), yaml.CSafeLoader)
    return found


def outcome(directory: Path, *flags: str, **environ: str) -> tuple[Any, str, int]:
    """(tree, message, exit code) of loading what stands in a directory; paths in it as {DIR}."""
    import json

    wanted = options(directory, *flags, **environ)
    try:
        project = with_services(load(wanted, Evidence()), wanted.services)
    except PycomposeError as error:
        first = error.message.splitlines()[0]
        return None, first.replace(str(directory), "{DIR}"), error.exit_code
    text = json.dumps(as_json(project)).replace(str(directory), "{DIR}")
    return json.loads(text.replace(str(directory.parent), "{PARENT}")), "", 0


@pytest.mark.parametrize("path", ATTRIBUTES, ids=lambda path: path.stem)
def test_an_attribute_becomes_what_docker_compose_makes_of_it(path: Path, tmp_path: Path) -> None:
    directory = tmp_path / "proj"
    write(directory, BESIDE)
    wrong = []
    for case in cases(path):
        lines = "\n".join(f"    {line}" for line in case["given"].split("\n"))
        image = "" if path.stem == "image" else "    image: i\n"
        write(directory, {"compose.yaml": f"services:\n  s:\n{image}{lines}\n{COMMON}"})
        tree, message, _ = outcome(directory, "-p", "p", SET="set")
        if tree is None:
            found: Any = message.partition(": ")[2]
        else:
            found = tree["services"]["s"]
            if path.stem != "image":
                found.pop("image", None)
            if found.get("networks") == {"default": None}:
                del found["networks"]
        expected = case.get("becomes", case.get("fails"))
        if found != expected:
            wrong.append((case["given"], found, expected))
    assert not wrong


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory with a short name: messages are cut when paths make them long."""
    with tempfile.TemporaryDirectory(prefix="g") as name:
        yield Path(name)


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.stem)
def test_a_project_becomes_what_docker_compose_makes_of_it(path: Path, short_path: Path) -> None:
    wrong = []
    for number, case in enumerate(cases(path)):
        directory = short_path / str(number) / "proj"
        write(
            directory,
            {name: text.replace("{COMMON}\n", COMMON) for name, text in case["files"].items()},
        )
        flags = [*case.get("args", ["-p", "p"]), *case.get("services", [])]
        tree, message, code = outcome(directory, *flags, **case.get("environ", {}))
        if "becomes" not in case:
            found: Any = (message.replace("{DIR}", str(directory)), code)
            expected: Any = (case["fails"].replace("{DIR}", str(directory)), case["code"])
        else:
            found, expected = tree, case["becomes"]
            if tree is not None and list(expected) == ["services"]:
                found = {"services": {n: b for n, b in tree["services"].items() if n not in "op"}}
        if found != expected:
            wrong.append((case["name"], found, expected, message))
    assert not wrong
