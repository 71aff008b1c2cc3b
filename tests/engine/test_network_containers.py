"""Networks as containers live with them: names, published ports, restarts, a killed supervisor, nothing left."""

from __future__ import annotations

import os
import signal
import socket
import urllib.request
from typing import Any

import pytest

from engine.kernel.netlink import nfnetlink
from engine.local import LocalEngine
from engine.network import ruleset
from schemas.errors import Conflict
from schemas.records import ContainerInfo
from tests.support import containers
from tests.support.containers import execute, shim
from tests.support.eventually import eventually
from tests.support.proofs import proves

WEB = "mkdir /tmp/w; hostname > /tmp/w/index.html; exec busybox httpd -f -p 80 -h /tmp/w"
PORT = {"target": 80, "protocol": "tcp", "published": 8080}


def start(
    engine: LocalEngine, name: str, *networks: str, script: str = WEB, **changes: Any
) -> ContainerInfo:
    endpoints = [{"network": network, "aliases": [name.split("-")[0]]} for network in networks]
    return containers.start(engine, name, script, network_mode="", endpoints=endpoints, **changes)


def get(address: str) -> str:
    with urllib.request.urlopen(f"http://{address}:8080/", timeout=3) as response:
        return str(response.read().decode().strip())


def fetch(engine: LocalEngine, name: str, host: str, port: int = 80) -> str:
    """What a client in the container gets. (bash: the static busybox cannot look up names by glibc's plugins.)"""
    script = f"exec 3<>/dev/tcp/{host}/{port}; echo 'GET / HTTP/1.0\r\n\r' >&3; tail -n 1 <&3"
    done = execute(engine, name, "timeout", "10", "bash", "-c", script)
    return done.out.decode().strip()


def test_containers_find_each_other_and_are_found_from_the_host(engine: LocalEngine) -> None:
    network = engine.create_network({"name": "shop_default"})
    name = start(engine, "web-1", "shop_default", ports=[PORT]).id[:12]
    start(engine, "cli-1", "shop_default")
    gateway = network.gateways[0]
    for address in ("127.0.0.1", "[::1]", gateway):
        assert eventually(lambda address=address: get(address)) == name, address
    for target in ("web", "web-1", "WEB.shop_default", name):
        assert fetch(engine, "cli-1", target) == name, target
    for client in ("cli-1", "web-1"):
        assert fetch(engine, client, gateway, 8080) == name, client
    assert engine.container("web-1").ports == (
        ("0.0.0.0", 8080, 80, "tcp"),
        ("::", 8080, 80, "tcp"),
    )


def test_a_stopped_container_has_no_name_and_no_port(engine: LocalEngine) -> None:
    engine.create_network({"name": "n"})
    name = start(engine, "web-1", "n", ports=[PORT]).id[:12]
    start(engine, "cli-1", "n")
    assert eventually(lambda: fetch(engine, "cli-1", "web")) == name
    engine.stop("web-1", timeout=0)
    assert fetch(engine, "cli-1", "web") == ""
    with pytest.raises(OSError):
        get("127.0.0.1")
    socket.create_server(("0.0.0.0", 8080)).close()
    engine.start("web-1")
    assert eventually(lambda: get("127.0.0.1")) == name
    assert fetch(engine, "cli-1", "web") == name


def test_a_port_in_use_stops_the_start_and_the_next_one_works(engine: LocalEngine) -> None:
    engine.create_network({"name": "n"})
    with (
        socket.create_server(("0.0.0.0", 8080)),
        pytest.raises(Conflict, match="8080/tcp is already in use"),
    ):
        start(engine, "web-1", "n", ports=[PORT])
    engine.start("web-1")
    assert eventually(lambda: get("127.0.0.1"))


@proves("networks.attachable")
def test_networks_are_joined_and_left_while_running(engine: LocalEngine) -> None:
    gateways = {
        name: engine.create_network({"name": name}).gateways[0] for name in ("front", "back")
    }
    start(engine, "web-1", "front")
    start(engine, "cli-1", "back")
    assert fetch(engine, "cli-1", "web") == ""
    engine.connect("web-1", {"network": "back", "aliases": ["late"]})
    assert eventually(lambda: fetch(engine, "cli-1", "late"))
    # As with Docker the default route is of the first network by name.
    assert gateway_of(engine, "web-1") == gateways["back"]
    engine.disconnect("web-1", "back")
    assert fetch(engine, "cli-1", "late") == ""
    assert gateway_of(engine, "web-1") == gateways["front"]


def test_published_ports_follow_the_container_from_network_to_network(engine: LocalEngine) -> None:
    for name in ("a", "b"):
        engine.create_network({"name": name})
    name = start(engine, "web-1", "b", ports=[PORT]).id[:12]
    assert eventually(lambda: get("127.0.0.1")) == name
    # "a" is the first by name: the default route leads there from now on.
    engine.connect("web-1", {"network": "a"})
    for address in ("127.0.0.1", "[::1]"):
        assert get(address) == name, address
    for network in ("b", "a"):
        engine.disconnect("web-1", network)
        engine.connect("web-1", {"network": network})
        for address in ("127.0.0.1", "[::1]"):
            assert eventually(lambda address=address: get(address)) == name, (network, address)
    engine.stop("web-1", timeout=0)
    with pytest.raises(OSError):
        get("127.0.0.1")


def test_ports_are_published_with_the_first_network_that_leads_out(engine: LocalEngine) -> None:
    engine.create_network({"name": "in", "internal": True})
    engine.create_network({"name": "out"})
    name = start(engine, "web-1", "in", ports=[PORT]).id[:12]
    assert engine.container("web-1").ports == ()
    with socket.create_server(("0.0.0.0", 8080)), pytest.raises(Conflict, match="8080/tcp"):
        engine.connect("web-1", {"network": "out"})
    assert [place.network for place in engine.container("web-1").networks] == ["in"]
    engine.connect("web-1", {"network": "out"})
    for address in ("127.0.0.1", "[::1]"):
        assert eventually(lambda address=address: get(address)) == name, address
    assert [port.host_port for port in engine.container("web-1").ports] == [8080, 8080]


def gateway_of(engine: LocalEngine, name: str) -> str:
    lines = execute(engine, name, "busybox", "route", "-n").out.decode().splitlines()
    (gateway,) = [words[1] for words in map(str.split, lines) if words[0] == "0.0.0.0"]
    return gateway


def test_a_container_works_on_without_its_supervisor_and_with_a_new_one(
    engine: LocalEngine,
) -> None:
    engine.create_network({"name": "n"})
    name = start(engine, "web-1", "n", ports=[PORT]).id[:12]
    start(engine, "cli-1", "n")
    assert eventually(lambda: get("127.0.0.1")) == name
    os.kill(shim("web-1"), signal.SIGKILL)
    assert eventually(lambda: get("127.0.0.1")) == name
    assert fetch(engine, "cli-1", "web") == name
    later = LocalEngine()  # as the next command
    later.recover()
    later.close()
    for address in ("127.0.0.1", "[::1]"):
        assert eventually(lambda address=address: get(address)) == name
    assert fetch(engine, "cli-1", "web") == name
    assert fetch(engine, "web-1", "web") == name


def test_after_the_last_network_nothing_of_ours_is_left(engine: LocalEngine) -> None:
    engine.create_network({"name": "n"})
    start(engine, "web-1", "n", ports=[PORT])
    engine.remove("web-1", force=True, volumes=True)
    engine.remove_network("n")
    with nfnetlink.open_channel() as channel:
        assert not nfnetlink.has_table(channel, ruleset.FAMILY, ruleset.TABLE)
    assert [name for _, name in socket.if_nameindex()] == ["lo"]
