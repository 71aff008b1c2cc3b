"""Services of other programs: what they are asked, what they say, and what the services beside them get of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Compose
from tests.support.proofs import proves

# A provider that writes down how it was called and says what it is told to say.
PROGRAM = """#!/usr/bin/python3
import json, os, sys
here = os.path.dirname(os.path.realpath(__file__))
words = sys.argv[1:]
with open(here + "/calls", "a") as file:
    file.write(json.dumps(words) + "\\n")
if words[1:] == ["metadata"]:
    if os.path.exists(here + "/metadata"):
        print(open(here + "/metadata").read())
        sys.exit(0)
    sys.exit(1)
command = next(word for word in words if word in ("up", "down", "stop"))
if command == "up":
    for line in open(here + "/says"):
        print(line, end="", flush=True)
        if "get-service-config" in line:
            kind = json.loads(sys.stdin.readline())["provider"]["type"]
            print(json.dumps({"type": "setenv", "message": "SEEN=" + kind}), flush=True)
sys.exit(int(open(here + "/code").read()) if os.path.exists(here + "/code") else 0)
"""
FILE = """
services:
  app:
    image: busybox
    init: true
    command: sleep 1000
    environment: {KEY: own}
    depends_on: [cloud]
  other:
    image: busybox
    init: true
    command: sleep 1000
  cloud:
    provider:
      type: awesome
      options: {type: mysql, size: 256, tag: [a, b], fast: true}
"""


@pytest.fixture
def program(compose: Compose, tmp_path: Path) -> Path:
    """The directory of the provider, which is on the path."""
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "awesome").write_text(PROGRAM)
    (directory / "awesome").chmod(0o755)
    says(directory, ("info", "making it"), ("setenv", "URL=db:3306"), ("rawsetenv", "KEY=theirs"))
    compose.environ["PATH"] = f"{directory}:{compose.environ['PATH']}"
    compose.write(FILE)
    return directory


def says(directory: Path, *messages: tuple[str, str]) -> None:
    lines = [json.dumps({"type": kind, "message": text}) for kind, text in messages]
    (directory / "says").write_text("".join(f"{line}\n" for line in lines))


def calls(directory: Path) -> list[list[str]]:
    lines = [json.loads(line) for line in (directory / "calls").read_text().splitlines()]
    return [line for line in lines if line[1:] != ["metadata"]]


@proves("services.provider.type", "services.provider.options")
def test_a_provider_is_brought_up_first_and_its_variables_are_those_of_who_needs_it(
    compose: Compose, program: Path
) -> None:
    done = compose.run("up", "-d")
    assert done.code == 0, done.err
    options = ["--fast=true", "--size=256", "--tag=a", "--tag=b", "--type=mysql"]
    assert calls(program) == [["compose", "--project-name=demo", "up", *options, "cloud"]]
    lines = [line.strip() for line in done.err.splitlines()]
    shown = [line for line in lines if line.startswith("cloud ")]
    assert [line.split(maxsplit=1)[1] for line in shown] == ["Creating", "making it", "Created"]
    assert 'provider "cloud" overrides environment variable "KEY" in service "app"' in done.err
    variables = compose("exec", "-T", "app", "env").split("\n")
    assert {"CLOUD_URL=db:3306", "KEY=theirs"} <= {*variables}
    assert "CLOUD_URL" not in compose("exec", "-T", "other", "env")
    assert sorted(compose.states()) == ["demo-app-1", "demo-other-1"]
    ids = compose.ids()
    compose("up", "-d")
    assert compose.ids() == ids
    says(program, ("setenv", "URL=elsewhere"))
    compose("up", "-d")
    assert compose.ids()["demo-app-1"] != ids["demo-app-1"]
    assert compose.ids()["demo-other-1"] == ids["demo-other-1"]


def test_it_is_taken_down_and_stopped_if_it_says_that_it_can_be(
    compose: Compose, program: Path
) -> None:
    compose("up", "-d")
    compose("stop", "-t", "0")
    assert [call[2] for call in calls(program)] == ["up"]
    parameters = {"parameters": [{"name": "type", "required": True}]}
    metadata = {
        "description": "x",
        "up": parameters,
        "down": parameters,
        "stop": {"parameters": []},
    }
    (program / "metadata").write_text(json.dumps(metadata))
    compose("stop", "-t", "0")
    assert calls(program)[-1] == ["compose", "--project-name=demo", "stop", "cloud"]
    compose("down", "-t", "0")
    # Of what its metadata names, and no other option.
    assert calls(program)[-1] == ["compose", "--project-name=demo", "down", "--type=mysql", "cloud"]


def test_it_can_ask_for_its_own_configuration(compose: Compose, program: Path) -> None:
    says(program, ("get-service-config", ""))
    compose("up", "-d", "app")
    assert "CLOUD_SEEN=awesome" in compose("exec", "-T", "app", "env").split("\n")


def test_only_what_is_asked_for_is_provided(compose: Compose, program: Path) -> None:
    compose("up", "-d", "other")
    assert not (program / "calls").exists()
    compose("up", "-d", "cloud")
    assert [call[2] for call in calls(program)] == ["up"]
    assert sorted(compose.states()) == ["demo-other-1"]


def test_a_dry_run_asks_nobody(compose: Compose, program: Path) -> None:
    compose("--dry-run", "up", "-d")
    assert compose.run("plan").code == 2
    compose("down", "-t", "0")
    assert [call[2] for call in calls(program)] == ["down"]


@pytest.mark.parametrize(
    ("messages", "code", "said"),
    [
        (
            [("error", "no credit left")],
            0,
            "failed to create service provider cloud: no credit left",
        ),
        ([("nonsense", "x")], 0, "invalid response from plugin: nonsense"),
        ([("setenv", "novalue")], 0, "invalid response from plugin: novalue"),
        ([], 3, "awesome ended with exit code 3"),
    ],
)
def test_a_provider_that_fails_fails_the_command_and_nothing_is_made(
    compose: Compose, program: Path, messages: list[tuple[str, str]], code: int, said: str
) -> None:
    says(program, *messages)
    (program / "code").write_text(str(code))
    done = compose.run("up", "-d")
    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err
    assert compose.states() == {}
    (program / "code").write_text("0")


def test_what_cannot_be_is_said_with_its_place(compose: Compose, program: Path) -> None:
    compose.write(FILE.replace("type: awesome", "type: nowhere"))
    done = compose.run("up", "-d")
    assert (
        'services.cloud.provider.type: exec: "nowhere": executable file not found in $PATH'
        in done.err
    )
    assert done.err.startswith("compose.yaml:15:")
    compose.write(FILE + "    depends_on: [other]\n")
    done = compose.run("up", "-d")
    assert (
        "services.cloud.depends_on.other: a provider is run before containers are made" in done.err
    )
    compose.write(FILE)
    assert "there is no container to run" in compose.run("run", "cloud", "true").err
    (program / "metadata").write_text(
        json.dumps({"description": "x", "up": {"parameters": [{"name": "zone", "required": True}]}})
    )
    done = compose.run("up", "-d")
    assert 'required parameter "zone" is missing from provider "awesome" definition' in done.err
    (program / "metadata").unlink()
