"""volume: create, list, inspect, remove, prune; and volumes: those of a project."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import Compose

PROJECT = """
services:
  web:
    image: busybox
    command: [sleep, infinity]
    stop_signal: SIGKILL
    network_mode: none
    volumes: ["data:/data", "/anonymous"]
volumes:
  data:
"""


def test_a_volume_is_made_shown_and_removed(compose: Compose) -> None:
    options = ("-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m,uid=7")
    assert compose("volume", "create", "--label", "a=b", *options, "own") == "own\n"
    (shown,) = json.loads(compose("volume", "inspect", "own"))
    assert list(shown) == [
        "CreatedAt",
        "Driver",
        "Labels",
        "Mountpoint",
        "Name",
        "Options",
        "Scope",
    ]
    assert shown["Options"] == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=7"}
    assert (shown["Labels"], shown["Driver"], shown["Scope"]) == ({"a": "b"}, "local", "local")
    assert compose("volume", "ls", "-f", "label=a").splitlines() == [
        "DRIVER    VOLUME NAME",
        "local     own",
    ]
    (row,) = compose("volume", "ls", "--format", "json", "-f", "name=^own$").splitlines()
    assert json.loads(row)["Mountpoint"] == shown["Mountpoint"]
    assert compose("volume", "create", "own") == "own\n"  # as it is
    assert compose("volume", "rm", "own") == "own\n"
    assert not Path(shown["Mountpoint"]).exists()


def test_what_cannot_be_is_said_with_an_exit_code(compose: Compose) -> None:
    for words, message in (
        (("inspect", "nope"), "get nope: no such volume"),
        (("rm", "nope"), "get nope: no such volume"),
        (("create", "bad/name"), '"bad/name" includes invalid characters for a local volume name'),
        (("create", "-d", "foo", "x1"), 'volume driver "foo" is not supported'),
        (("create", "-o", "foo=bar", "x1"), 'invalid option: "foo"'),
        (("create", "-o", "type=tmpfs", "x1"), 'missing required option: "device"'),
        (("ls", "-f", "foo=bar"), "invalid filter 'foo'"),
        (("ls", "-f", "dangling=x"), "invalid filter 'dangling=[x]'"),
    ):
        done = compose.run("volume", *words)
        assert done.code == 1 and message in done.err, (words, done)
    assert compose.run("volume", "rm", "-f", "nope").code == 0


def test_a_volume_in_use_stays(compose: Compose) -> None:
    compose.write(PROJECT)
    compose("up", "-d")
    busy = compose.run("volume", "rm", "demo_data")
    assert busy.code == 1 and "volume is in use" in busy.err
    assert compose("volume", "ls", "-q", "-f", "dangling=true") == ""
    assert len(compose("volume", "ls", "-q", "-f", "dangling=false").split()) == 2
    assert compose("volumes", "-q") == "demo_data\n"
    assert compose("volumes", "--format", "{{.Name}} {{.Driver}}") == "demo_data local\n"


def test_prune_takes_what_nobody_named_or_all_that_nothing_uses(compose: Compose) -> None:
    compose.write(PROJECT)
    compose("up", "-d")
    (anonymous,) = (name for name in compose("volume", "ls", "-q").split() if name != "demo_data")
    assert compose("volume", "prune", "-f") == "Total reclaimed space: 0B\n"
    compose("exec", "-T", "web", "sh", "-c", "head -c 1000 /dev/zero > /anonymous/file")
    compose("down", "-t", "0")
    refused = compose.run("volume", "prune", input="\n")
    assert "This will remove anonymous local volumes" in refused.out
    assert compose("volume", "prune", "-f").splitlines() == [
        "Deleted Volumes:",
        anonymous,
        "",
        "Total reclaimed space: 1kB",
    ]
    assert compose("volume", "ls", "-q") == "demo_data\n"
    assert "all local volumes" in compose.run("volume", "prune", "-a", input="").out
    assert "demo_data" in compose("volume", "prune", "-f", "-a")
    assert compose("volume", "ls", "-q") == ""
