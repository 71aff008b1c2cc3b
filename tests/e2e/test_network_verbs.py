"""network: create, list, inspect, connect, disconnect, remove, prune; as Docker's command line does it."""

from __future__ import annotations

import json

from tests.e2e.conftest import Compose
from tests.support.eventually import eventually

PROJECT = """
services:
  web:
    image: busybox
    command: [sleep, infinity]
    stop_signal: SIGKILL
"""
# What a daemon's answer has (Engine API 1.45; EnableIPv4 from 1.47 on), in its order.
FIELDS = [
    "Name", "Id", "Created", "Scope", "Driver", "EnableIPv4", "EnableIPv6", "IPAM", "Internal", "Attachable", "Ingress",
    "ConfigFrom", "ConfigOnly", "Containers", "Options", "Labels",
]  # fmt: skip


def test_a_network_is_made_shown_and_removed(compose: Compose) -> None:
    words = (
        "--subnet 10.93.0.0/24 --gateway 10.93.0.254 --ip-range 10.93.0.64/26 --aux-address printer=10.93.0.70"
        " --subnet fd00:93::/64 --ipv6 --label a=b -o com.docker.network.driver.mtu=1400 --internal --attachable"
    )
    id = compose("network", "create", *words.split(), "own").strip()
    (shown,) = json.loads(compose("network", "inspect", "own"))
    assert list(shown) == FIELDS
    assert (shown["Id"], shown["Driver"], shown["Scope"]) == (id, "bridge", "local")
    assert shown["IPAM"]["Config"] == [
        {
            "Subnet": "10.93.0.0/24",
            "IPRange": "10.93.0.64/26",
            "Gateway": "10.93.0.254",
            "AuxiliaryAddresses": {"printer": "10.93.0.70"},
        },
        {"Subnet": "fd00:93::/64", "Gateway": "fd00:93::1"},
    ]
    assert (shown["EnableIPv6"], shown["Internal"], shown["Attachable"]) == (True, True, True)
    assert (shown["Labels"], shown["Options"]) == (
        {"a": "b"},
        {"com.docker.network.driver.mtu": "1400"},
    )
    line = f"{id[:12]}   own       bridge    local"
    table = compose("network", "ls", "-f", "driver=bridge", "-f", "name=own").splitlines()
    assert table == ["NETWORK ID     NAME      DRIVER    SCOPE", line]
    assert compose("network", "ls", "-q", "--no-trunc", "-f", "label=a=b").split() == [id]
    builtin = compose("network", "ls", "--format", "{{.Name}}", "-f", "type=builtin").split()
    assert [name for name in builtin if name != "bridge"] == [
        "host",
        "none",
    ]  # that comes with the first build
    assert compose("network", "rm", "own") == "own\n"


def test_what_cannot_be_is_said_with_an_exit_code(compose: Compose) -> None:
    for words, message in (
        (("inspect", "nope"), "network nope not found"),
        (("rm", "nope"), "network nope not found"),
        (("rm", "host"), "host is a pre-defined network and cannot be removed"),
        (("ls", "-f", "foo=bar"), "invalid filter 'foo'"),
        (("create", "--gateway", "10.1.0.1", "x"), "must have a corresponding subnet"),
        (("create", "--subnet", "10.1.0.0/24", "--gateway", "10.2.0.1", "x"), "no matching subnet"),
        (("create", "-d", "overlay", "x"), "driver overlay is not supported"),
        (("create", "--scope", "swarm", "x"), "--scope swarm"),
        (("connect", "nope", "nope"), "No such container: nope"),
    ):
        done = compose.run("network", *words)
        assert done.code == 1 and message in done.err, (words, done)
        assert len(done.err.strip().splitlines()) == 1
    assert compose.run("network", "inspect", "nope").out == "[]\n"
    assert compose.run("network", "rm", "-f", "nope").code == 0


def test_a_running_container_is_connected_and_disconnected(compose: Compose) -> None:
    compose.write(PROJECT)
    compose("up", "-d")
    compose("network", "create", "--subnet", "10.94.0.0/24", "late")
    compose("network", "connect", "--ip", "10.94.0.9", "--alias", "called", "late", "demo-web-1")
    assert "10.94.0.9" in compose("exec", "-T", "web", "ip", "address")
    assert "10.94.0.9" in compose("exec", "-T", "web", "nslookup", "called")
    (shown,) = json.loads(compose("network", "inspect", "late"))
    (place,) = shown["Containers"].values()
    assert (place["Name"], place["IPv4Address"]) == ("demo-web-1", "10.94.0.9/24")
    again = compose.run("network", "connect", "late", "demo-web-1")
    assert again.code == 1 and "already" in again.err
    busy = compose.run("network", "rm", "late")
    assert busy.code == 1 and "active endpoints" in busy.err
    compose("network", "disconnect", "late", "demo-web-1")
    assert "10.94.0.9" not in compose("exec", "-T", "web", "ip", "address")
    assert compose.run("network", "disconnect", "late", "demo-web-1").code == 1
    compose("network", "disconnect", "-f", "late", "demo-web-1")
    # A container that does not run keeps its place for its next start.
    compose("stop", "-t", "0")
    compose("network", "connect", "late", "demo-web-1")
    compose("start")
    assert eventually(lambda: "10.94.0." in compose("exec", "-T", "web", "ip", "address"))
    compose("down", "-t", "0")
    compose("network", "rm", "late")


def test_prune_takes_what_nothing_uses(compose: Compose) -> None:
    compose.write(PROJECT)
    compose("up", "-d")
    compose("network", "create", "--label", "keep=no", "one")
    compose("network", "create", "two")
    refused = compose.run("network", "prune", input="n\n")
    assert refused.code == 0 and "not used by at least one container" in refused.out
    filtered = compose("network", "prune", "-f", "--filter", "label=keep=no")
    assert filtered == "Deleted Networks:\none\n\n"
    assert compose("network", "prune", "-f", "--filter", "until=1h") == ""
    assert compose("network", "prune", input="y\n").endswith("Deleted Networks:\ntwo\n\n")
    assert "demo_default" in compose("network", "ls")
